import { describe } from 'vitest';
import { ON_A_GPU } from '../../src/executors/gpu/index.js';
import { asForUsers, gpuFound, gpuName, hasNoFastGpu, tuned } from '../support/gpu.js';
import { SHAPES } from './fixtures.js';
import { shapeSuite } from './heads.js';
import { conformance } from './suite.js';

describe.skipIf(hasNoFastGpu())(`on ${gpuName}`, () => conformance('gpu', asForUsers));

// Tiles of 16 queries; a GPU has them above.
describe.skipIf(hasNoFastGpu() || gpuFound?.isSoftware === false)(
  `work divided for a GPU, on ${gpuName}`,
  () => {
    for (const family of SHAPES) describe(`heads of ${family}`, () => shapeSuite(family, tuned(ON_A_GPU)));
  },
);
