/**
 * The gpu executor: WGSL programs of our own (`kernels/`), run by whatever speaks WebGPU: Dawn in Node, or the browser.
 * It imports nothing of Node.
 */
export { createGpuExecutor, type GpuOptions } from './executor.js';
