import { describe, it } from 'vitest';
import { ON_A_GPU } from '../../src/executors/gpu/index.js';
import { FAMILIES } from '../support/families.js';
import { gpuName, hasNoFastGpu, tuned } from '../support/gpu.js';
import { expectGoldenCases } from './golden-cases.js';

describe.skipIf(hasNoFastGpu())(`work divided for a GPU, on ${gpuName}`, () => {
  it.each(FAMILIES)('gives the golden cases of %s', (family) =>
    // So few rows that the golden tokens take two passes.
    expectGoldenCases(family, tuned({ ...ON_A_GPU, rows: 64 })),
  );
});
