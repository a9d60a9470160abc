/**
 * The reference executor: plain TypeScript in f64, to read beside the paper. It runs anywhere and needs only arrays.
 */
export { createReferenceExecutor } from './executor.js';
