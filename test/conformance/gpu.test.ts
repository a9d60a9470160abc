import { describe } from 'vitest';
import { openDawn } from '../../src/dawn.js';
import { createGpuExecutor, ON_A_GPU, ON_A_PROCESSOR, type Tuning } from '../../src/executors/gpu/index.js';
import { gpuFound, gpuName } from '../support/gpu.js';
import { type CreateExecutor, conformance } from './suite.js';

const tuned =
  (tuning: Tuning): CreateExecutor =>
  async ({ plan, files }) =>
    createGpuExecutor(await openDawn(), plan, files.checkpoint, { precision: 'f32', tuning });

// Both ways to divide the work, whichever is the adapter's own; the second on the family with most of a family's parts.
describe.skipIf(gpuFound === null)(`on ${gpuName}`, () => {
  conformance('gpu', tuned(ON_A_PROCESSOR));
  conformance('gpu, tuned for a GPU', tuned(ON_A_GPU), ['gemma3']);
});
