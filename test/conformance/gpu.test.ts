import { describe } from 'vitest';
import { ON_A_PROCESSOR } from '../../src/executors/gpu/index.js';
import { gpuName, hasNoFastGpu, tuned } from '../support/gpu.js';
import { conformance } from './suite.js';

describe.skipIf(hasNoFastGpu())(`on ${gpuName}`, () => conformance('gpu', tuned(ON_A_PROCESSOR)));
