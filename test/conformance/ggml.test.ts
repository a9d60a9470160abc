import { createGgmlExecutor } from '../../src/executors/ggml/index.js';
import { conformance } from './suite.js';

conformance('cpu', ({ plan, files }) =>
  createGgmlExecutor(plan, files.checkpoint, { precision: 'f32', threads: 1 }),
);
