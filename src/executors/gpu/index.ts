/**
 * The gpu executor: WGSL programs of our own (`kernels/`), run by whatever speaks WebGPU: Dawn in Node, or the browser.
 * It imports nothing of Node.
 */
export { describeGpu, type GpuFound } from './device.js';
export { createGpuExecutor, type GpuOptions } from './executor.js';
export { ON_A_GPU, ON_A_PROCESSOR, type Tuning } from './programs.js';
