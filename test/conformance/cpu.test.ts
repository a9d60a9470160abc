import { createCpuExecutor } from '../../src/executors/cpu/index.js';
import { conformance } from './suite.js';

conformance('cpu', ({ plan, files }) => createCpuExecutor(plan, files.checkpoint, { precision: 'f32' }));
