/**
 * The gpu executor: WGSL programs of our own (`kernels/`), run by WebGPU: Dawn in Node, or the browser. It must not
 * know Node, files or the package of Dawn: the caller passes in the `GPU`.
 */
export { createGpuExecutor, type GpuOptions } from './executor.js';
export { ON_A_GPU, ON_A_PROCESSOR, type Tuning } from './programs.js';
export { describeGpu, type GpuFound } from './shared-device.js';
