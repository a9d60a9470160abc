import { describe } from 'vitest';
import { ON_A_PROCESSOR } from '../../src/executors/gpu/index.js';
import { gpuName, hasNoFastGpu, tuned } from '../support/gpu.js';
import { extremes } from './extremes.js';

describe.skipIf(hasNoFastGpu())(gpuName, () => extremes('gpu', tuned(ON_A_PROCESSOR)));
