import { describe } from 'vitest';
import { ON_A_PROCESSOR } from '../../src/executors/gpu/index.js';
import { fastGpu, gpuName, tuned } from '../support/gpu.js';
import { conformance } from './suite.js';

describe.skipIf(fastGpu === null)(`on ${gpuName}`, () => conformance('gpu', tuned(ON_A_PROCESSOR)));
