import { PASS } from './pass.js';
import { enables, entryOfSubgroups, overWorkgroup, type Workgroup } from './workgroup.js';

/** The sizes and options of a norm's program. */
export interface NormKernel extends Workgroup {
  readonly width: number;
  readonly epsilon: number;
  /**
   * How y is written. `store`: y = norm(x). `add`: y += norm(x), as in norms after attention and MLP. `add-and-norm`:
   * also applies the next norm to the sum, which saves a dispatch.
   */
  readonly into: 'store' | 'add' | 'add-and-norm';
  /** Factor on norm(x). */
  readonly scale: number;
}

/**
 * Computes the root-mean-square norm (Zhang & Sennrich 2019): y = x / √(mean x² + ε) ⊙ w.
 *
 * Bindings: 1 x `[rows, width]`; 2 w `[width]`; 3 y `[rows, width]`. For `add-and-norm` also 4 the next norm's weights
 * `[width]`; 5 z `[rows, width]`, the next norm of y.
 *
 * One workgroup per row. Row firstRow + i of x becomes row i of y.
 */
export function norm(kernel: NormKernel): string {
  const { width, epsilon, into, scale, threads } = kernel;
  const andNorm = into === 'add-and-norm';
  return /* wgsl */ `
${enables(kernel)}
${PASS}
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> w: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
${
  andNorm
    ? `
@group(0) @binding(4) var<storage, read> next: array<f32>;
@group(0) @binding(5) var<storage, read_write> z: array<f32>;`
    : ''
}
${overWorkgroup(kernel, 'f32', 'sum')}

${entryOfSubgroups(kernel)}
  let source = (run.firstRow + group.x) * ${width}u;
  var sum = 0.0;
  for (var i = lane; i < ${width}u; i += ${threads}u) { sum += x[source + i] * x[source + i]; }
  let inverse = inverseSqrt(workgroup_sum(lane, sum) / ${width}.0 + ${epsilon});
  for (var i = lane; i < ${width}u; i += ${threads}u) {
    y[group.x * ${width}u + i] ${into === 'store' ? '=' : '+='} ${scale === 1 ? '' : `${scale} * `}x[source + i] * inverse * w[i];
  }
  ${
    andNorm
      ? `
  workgroupBarrier();
  var again = 0.0;
  for (var i = lane; i < ${width}u; i += ${threads}u) { again += y[group.x * ${width}u + i] * y[group.x * ${width}u + i]; }
  let following = inverseSqrt(workgroup_sum(lane, again) / ${width}.0 + ${epsilon});
  for (var i = lane; i < ${width}u; i += ${threads}u) {
    z[group.x * ${width}u + i] = y[group.x * ${width}u + i] * following * next[i];
  }`
      : ''
  }
}
`;
}
