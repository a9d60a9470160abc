import { LAYER, PASS } from './pass.js';
import { enables, entry, entryOfSubgroups, overWorkgroup, type Workgroup } from './workgroup.js';

/** The sizes and options of a layer's rotation program. */
export interface RotateKernel extends Workgroup {
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  /** Factor on query·key, applied to the query. */
  readonly scale: number;
  /** Elements at the start of each head that are rotated; 0: none. */
  readonly rotaryDim: number;
  /** RMS norm on query and key before the rotation: for each head, or over all heads at once; null: none. */
  readonly queryKeyNorm: 'head' | 'all heads' | null;
  readonly epsilon: number;
  /** Offset of this layer's rope in the rotations, in pairs. */
  readonly rotationsAt: number;
}

/**
 * Norms queries and keys if the family does, rotates them (RoFormer, arXiv 2104.09864, half-split pairing), and appends
 * keys and values to the cache.
 *
 * Bindings: 1 qkv `[rows, heads + 2·kvHeads, headDim]`; 2 rotations `[rows, rotaryDim / 2]` of (cos, sin); 3 norms of
 * query and key `[2, headDim]`, or `[heads + kvHeads, headDim]` for a norm over all heads; 4 q `[rows, heads,
 * headDim]`; 5 keys `[kvHeads, headDim / 4, capacity, 4]`, so that threads with one key each read neighbouring memory;
 * 6 values `[kvHeads, capacity, headDim]`; 8 the layer.
 *
 * One workgroup per row and head: (row, head of the layer's part), queries first, then keys, then values.
 */
export function rotate(kernel: RotateKernel): string {
  const { heads, kvHeads, headDim, rotaryDim, scale, queryKeyNorm, rotationsAt, threads } = kernel;
  const half = rotaryDim / 2;
  const perHead = heads / kvHeads;
  const normed = (i: string): string =>
    queryKeyNorm === null ? `qkv[source + ${i}]` : `qkv[source + ${i}] * inverse * norms[weights + ${i}]`;
  const turning = /* wgsl */ `
  for (var i = lane; i < ${half}u; i += ${threads}u) {
    let a = ${normed('i')};
    let b = ${normed(`i + ${half}u`)};
    let turn = rotations[${rotationsAt}u + row * ${half}u + i];
    keep(head, row, i, a * turn.x - b * turn.y);
    keep(head, row, i + ${half}u, b * turn.x + a * turn.y);
  }`;
  return /* wgsl */ `
${queryKeyNorm === null ? '' : enables(kernel)}
${PASS}
${LAYER}
@group(0) @binding(1) var<storage, read> qkv: array<f32>;
${rotaryDim === 0 ? '' : '@group(0) @binding(2) var<storage, read> rotations: array<vec2f>;'}
${queryKeyNorm === null ? '' : '@group(0) @binding(3) var<storage, read> norms: array<f32>;'}
@group(0) @binding(4) var<storage, read_write> q: array<f32>;
@group(0) @binding(5) var<storage, read_write> keys: array<f32>;
@group(0) @binding(6) var<storage, read_write> values: array<f32>;
${queryKeyNorm === null ? '' : overWorkgroup(kernel, 'f32', 'sum')}

fn keep(head: u32, row: u32, i: u32, value: f32) {
  if (head >= ${heads}u) {
    let kv = head - ${heads}u - layer.y;
    keys[((kv * ${headDim / 4}u + i / 4u) * run.capacity + run.past + row) * 4u + i % 4u] = value;
  } else {
    q[(row * ${heads}u + head) * ${headDim}u + i] = value * ${scale};
  }
}

${queryKeyNorm === null ? entry(kernel) : entryOfSubgroups(kernel)}
  let row = group.x;
  // The queries, keys and values of the layer's part, among those of all heads.
  let queries = layer.z * ${perHead}u;
  var head = layer.y * ${perHead}u + group.y;
  if (group.y >= queries + layer.z) {
    head = ${heads + kvHeads}u + layer.y + group.y - queries - layer.z;
  } else if (group.y >= queries) {
    head = ${heads}u + layer.y + group.y - queries;
  }
  let position = run.past + row;
  let source = (row * ${heads + 2 * kvHeads}u + head) * ${headDim}u;
  if (head >= ${heads + kvHeads}u) {
    let kv = head - ${heads + kvHeads}u - layer.y;
    for (var i = lane; i < ${headDim}u; i += ${threads}u) {
      values[(kv * run.capacity + position) * ${headDim}u + i] = qkv[source + i];
    }
    return;
  }
  ${normalising(kernel)}
  ${rotaryDim === 0 ? '' : turning}
  for (var i = ${rotaryDim}u + lane; i < ${headDim}u; i += ${threads}u) {
    keep(head, row, i, ${normed('i')});
  }
}
`;
}

/**
 * Returns statements that prepare the norm of a head: `inverse`, 1 over the root mean square, and the offset `weights`.
 */
function normalising(kernel: RotateKernel): string {
  const { heads, kvHeads, headDim, queryKeyNorm, epsilon, threads } = kernel;
  if (queryKeyNorm === null) return '';
  // For a norm over all heads, every head's workgroup sums all squares: they are few, and a separate dispatch costs
  // more.
  const overAll = queryKeyNorm === 'all heads';
  return /* wgsl */ `
  let isKey = head >= ${heads}u;
  let from_ = ${overAll ? `(row * ${heads + 2 * kvHeads}u + select(0u, ${heads}u, isKey)) * ${headDim}u` : 'source'};
  let count = ${overAll ? `select(${heads * headDim}u, ${kvHeads * headDim}u, isKey)` : `${headDim}u`};
  let weights = ${overAll ? `head * ${headDim}u` : `select(0u, ${headDim}u, isKey)`};
  var sum = 0.0;
  for (var i = lane; i < count; i += ${threads}u) { sum += qkv[from_ + i] * qkv[from_ + i]; }
  let inverse = inverseSqrt(workgroup_sum(lane, sum) / f32(count) + ${epsilon});`;
}
