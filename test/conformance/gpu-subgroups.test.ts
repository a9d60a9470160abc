import { describe } from 'vitest';
import { openDawn } from '../../src/dawn.js';
import { createGpuExecutor } from '../../src/executors/gpu/index.js';
import { gpuFound, gpuName } from '../support/gpu.js';
import { conformance } from './suite.js';

// The threads of the other suite work alone; these hand values to each other, in subgroups of four at least.
describe.skipIf(!gpuFound?.hasSubgroups)(`by subgroups on ${gpuName}`, () => {
  conformance('gpu', async ({ plan, files }) =>
    createGpuExecutor(await openDawn(), plan, files.checkpoint, {
      precision: 'f32',
      tuning: { threads: 8, lanes: 4, subgroups: true },
    }),
  );
});
