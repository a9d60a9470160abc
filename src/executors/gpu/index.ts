/**
 * The gpu executor: WGSL programs of our own (`kernels/`), run by whatever speaks WebGPU: Dawn in Node, or the browser.
 * It imports nothing of Node.
 */
export { describeGpu, type GpuFound } from './device.js';
export { createGpuExecutor, type GpuOptions } from './executor.js';
