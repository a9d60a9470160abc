import { describe } from 'vitest';
import { createGpuExecutor } from '../../src/executors/gpu/index.js';
import { deviceOfFile, gpuName, hasNoFastGpu } from '../support/gpu.js';
import { mixedForms } from './mixed-forms.js';

describe.skipIf(hasNoFastGpu())(gpuName, () =>
  mixedForms('gpu', async ({ plan, checkpoint }) =>
    createGpuExecutor(await deviceOfFile(), plan, checkpoint),
  ),
);
