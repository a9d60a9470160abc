import { describe, expect, it } from 'vitest';
import { createGpuExecutor, ON_A_GPU } from '../../src/executors/gpu/index.js';
import { gpuWithShaders } from '../support/changed-shaders.js';
import type { FamilyName } from '../support/families.js';
import { gpuName, hasNoFastGpu } from '../support/gpu.js';
import { worstArithmetic } from '../support/worst-arithmetic.js';
import { expectGoldenCases } from './golden-cases.js';

it('rewrites every operation of a program on floats', () => {
  const rewritten = worstArithmetic(
    `
@group(0) @binding(1) var<storage, read_write> x: array<vec4f>;
fn f(a: f32, i: u32) -> f32 { return a * f32(i + 1u) + exp(-a); }
fn main() {
  for (var i = 0u; i < 4u; i++) { x[i] += f(x[i].y / 2.0, i) * x[i + 1u]; }
  let total = dot(x[0] - x[1], vec4f(1.0));
  if (total > 0.0) { x[0].x = select(total, inverseSqrt(total), x[1].z == 0.0); }
}`,
    1,
  );
  for (const line of [
    'return flush_f32((flush_f32((a * f32((i + 1u)))) + worst_exp_f32(-a)))',
    'x[i] = flush_vec4f((x[i] + (flush_vec4f((f(flush_f32(worst_quotient_f32((x[i].y / 2.0))), i) * x[(i + 1u)])))))',
    'let total = flush_f32(dot(flush_vec4f((x[0] - x[1])), vec4f(1.0)))',
    'x[0].x = select(total, worst_inverseSqrt_f32(total), (x[1].z == 0.0))',
  ]) {
    expect(rewritten).toContain(line);
  }
});

describe.skipIf(hasNoFastGpu())(`the largest errors that WGSL allows, on ${gpuName}`, () => {
  it.each<[FamilyName, 1 | -1]>([
    ['llama', 1],
    ['gemma2', -1],
  ])('leave the golden cases of %s within their tolerances, times %i', async (family, sign) => {
    const gpu = await gpuWithShaders((code) => {
      // `tanh` may err by 10⁻⁵.
      expect(code).not.toMatch(/\btanh\(/);
      return worstArithmetic(code, sign);
    });
    await expectGoldenCases(family, ({ plan, files }) =>
      createGpuExecutor(gpu, plan, files.checkpoint, { precision: 'f32', tuning: { ...ON_A_GPU, rows: 64 } }),
    );
  });
});
