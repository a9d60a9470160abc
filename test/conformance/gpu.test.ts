import { openDawn } from '../../src/dawn.js';
import { createGpuExecutor } from '../../src/executors/gpu/index.js';
import { conformance } from './suite.js';

conformance('gpu', async ({ plan, files }) =>
  createGpuExecutor(await openDawn(), plan, files.checkpoint, { precision: 'f32' }),
);
