import { describe } from 'vitest';
import { asForUsers, gpuName, hasNoFastGpu } from '../support/gpu.js';
import { extremes } from './extremes.js';

describe.skipIf(hasNoFastGpu())(gpuName, () => extremes('gpu', asForUsers));
