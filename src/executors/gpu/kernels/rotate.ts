import { PASS } from './pass.js';
import { enables, entry, entryOfSubgroups, overWorkgroup, type Workgroup } from './workgroup.js';

export interface RotateKernel extends Workgroup {
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  /** Factor on query·key; it goes into the query. */
  readonly scale: number;
  /** RMS norm on each head's query and key before they are rotated. */
  readonly queryKeyNorm: boolean;
  readonly epsilon: number;
  /** Where this layer's rope begins among the rotations, in pairs. */
  readonly rotationsAt: number;
}

/**
 * Norms (where the family does) and rotates queries and keys (RoFormer, arXiv 2104.09864, half-split pairing), and
 * appends keys and values to the cache.
 *
 *   1 qkv `[rows, heads + 2·kvHeads, headDim]`, 2 rotations `[rows, headDim / 2]` of (cos, sin), 3 norms
 *   `[2, headDim]` of query and key, 4 q `[rows, heads, headDim]`, 5 keys `[kvHeads, headDim / 4, capacity, 4]`, so
 *   that threads with a key each read side by side, 6 values `[kvHeads, capacity, headDim]`
 *
 * One workgroup a row and head: (row, head), queries first, then keys, then values.
 */
export function rotate(kernel: RotateKernel): string {
  const { heads, kvHeads, headDim, scale, queryKeyNorm, epsilon, rotationsAt, threads } = kernel;
  const half = headDim / 2;
  return /* wgsl */ `
${queryKeyNorm ? enables(kernel) : ''}
${PASS}
@group(0) @binding(1) var<storage, read> qkv: array<f32>;
@group(0) @binding(2) var<storage, read> rotations: array<vec2f>;
${queryKeyNorm ? '@group(0) @binding(3) var<storage, read> norms: array<f32>;' : ''}
@group(0) @binding(4) var<storage, read_write> q: array<f32>;
@group(0) @binding(5) var<storage, read_write> keys: array<f32>;
@group(0) @binding(6) var<storage, read_write> values: array<f32>;
${queryKeyNorm ? overWorkgroup(kernel, 'sum', 'f32') : ''}

fn keep_key(kv: u32, position: u32, i: u32, value: f32) {
  keys[((kv * ${headDim / 4}u + i / 4u) * run.capacity + position) * 4u + i % 4u] = value;
}

${queryKeyNorm ? entryOfSubgroups(kernel) : entry(kernel)}
  let row = group.x;
  let head = group.y;
  let position = run.past + row;
  let source = (row * ${heads + 2 * kvHeads}u + head) * ${headDim}u;
  if (head >= ${heads + kvHeads}u) {
    let kv = head - ${heads + kvHeads}u;
    for (var i = lane; i < ${headDim}u; i += ${threads}u) {
      values[(kv * run.capacity + position) * ${headDim}u + i] = qkv[source + i];
    }
    return;
  }
  let isKey = head >= ${heads}u;
  ${
    queryKeyNorm
      ? `
  var sum = 0.0;
  for (var i = lane; i < ${headDim}u; i += ${threads}u) { sum += qkv[source + i] * qkv[source + i]; }
  let inverse = inverseSqrt(over_workgroup(lane, sum) / ${headDim}.0 + ${epsilon});
  let normAt = select(0u, ${headDim}u, isKey);`
      : ''
  }
  for (var i = lane; i < ${half}u; i += ${threads}u) {
    ${
      queryKeyNorm
        ? `
    let a = qkv[source + i] * inverse * norms[normAt + i];
    let b = qkv[source + ${half}u + i] * inverse * norms[normAt + ${half}u + i];`
        : `
    let a = qkv[source + i];
    let b = qkv[source + ${half}u + i];`
    }
    let turn = rotations[${rotationsAt}u + row * ${half}u + i];
    let first = a * turn.x - b * turn.y;
    let second = b * turn.x + a * turn.y;
    if (isKey) {
      keep_key(head - ${heads}u, position, i, first);
      keep_key(head - ${heads}u, position, i + ${half}u, second);
    } else {
      let at = (row * ${heads}u + head) * ${headDim}u + i;
      q[at] = first * ${scale};
      q[at + ${half}u] = second * ${scale};
    }
  }
}
`;
}
