import { describe } from 'vitest';
import { createGpuExecutor } from '../../src/executors/gpu/index.js';
import { fastGpu, gpuName, openGpu } from '../support/gpu.js';
import { mixedForms } from './mixed-forms.js';

describe.skipIf(fastGpu === null)(gpuName, () =>
  mixedForms('gpu', async ({ plan, checkpoint }) => createGpuExecutor(await openGpu(), plan, checkpoint)),
);
