/** The reference executor: plain TypeScript in f64, to be read beside the paper. Runs anywhere; keeps nothing but arrays. */
export { createReferenceExecutor } from './executor.js';
