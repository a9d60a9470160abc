import { describe, expect, it } from 'vitest';
import { createGpuExecutor, ON_A_GPU } from '../../src/executors/gpu/index.js';
import { gpuWithShaders, replaceCalls } from '../support/changed-shaders.js';
import type { FamilyName } from '../support/families.js';
import { gpuName, hasNoFastGpu } from '../support/gpu.js';
import { expectGoldenCases } from './golden-cases.js';

/**
 * Programs with the largest errors that WGSL allows, all in one direction: `exp` errs by (3 + 2·|x|) units in the last place,
 * `log` by 2⁻²¹, `inverseSqrt` by 2 units; numbers below the normal ones become 0. `tanh`, which may err by 10⁻⁵, must not
 * occur.
 */
function worst(code: string, sign: 1 | -1): string {
  expect(code).not.toMatch(/\btanh\(/);
  const unit = `${sign * 2 ** -23}`;
  const exp = replaceCalls(code, 'exp', (x) => {
    const value = `(exp(${x}) * (1.0 + ${unit} * (3.0 + 2.0 * abs(${x}))))`;
    return `select(${value}, 0.0 * ${value}, ${value} < ${2 ** -126} * (0.0 * ${value} + 1.0))`;
  });
  const log = replaceCalls(exp, 'log', (x) => `(log(${x}) + ${sign * 2 ** -21})`);
  return replaceCalls(log, 'inverseSqrt', (x) => `(inverseSqrt(${x}) * (1.0 + 2.0 * ${unit}))`);
}

describe.skipIf(hasNoFastGpu())(`the largest errors that WGSL allows, on ${gpuName}`, () => {
  it.each<[FamilyName, 1 | -1]>([
    ['llama', 1],
    ['gemma2', -1],
  ])('leave the golden cases of %s within their tolerances, times %i', async (family, sign) => {
    const gpu = await gpuWithShaders((code) => worst(code, sign));
    await expectGoldenCases(family, ({ plan, files }) =>
      createGpuExecutor(gpu, plan, files.checkpoint, { precision: 'f32', tuning: { ...ON_A_GPU, rows: 64 } }),
    );
  });
});
