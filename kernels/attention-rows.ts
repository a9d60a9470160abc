import { type AttentionShape, IN_TARGET, visibleKeys } from './keys.js';
import { PASS } from './pass.js';
import { entry } from './workgroup.js';

/**
 * Writes the attention rows of a layer after the policy, for taps. It computes the scores again and turns each into a
 * weight with the maximum and the factor of its side.
 *
 * Bindings: 1 q, 2 keys, 3 tags and 4 references, as the previous kernels wrote them; 5 rows `[heads, rows, tokens]`,
 * zero beforehand. Keys that a row cannot see stay 0.
 *
 * One workgroup per head and row: (head, row).
 */
export function attentionRows(shape: AttentionShape): string {
  const { heads, kvHeads, headDim, threads } = shape;
  return /* wgsl */ `
${PASS}
@group(0) @binding(1) var<storage, read> q: array<vec4f>;
@group(0) @binding(2) var<storage, read> keys: array<vec4f>;
@group(0) @binding(3) var<storage, read> tags: array<u32>;
@group(0) @binding(4) var<storage, read> references: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> weights: array<f32>;
${visibleKeys(shape)}

${entry(shape)}
  let head = group.x;
  let row = group.y;
  let kv = head / ${heads / kvHeads}u;
  let position = run.past + row;
  let tokens = run.past + run.rows;
  for (var i = lane; i < ${headDim / 4}u; i += ${threads}u) {
    query[i] = q[(row * ${heads}u + head) * ${headDim / 4}u + i];
  }
  workgroupBarrier();
  let reference = references[row * ${heads}u + head];
  for (var key = first_visible(position) + lane; key <= position; key += ${threads}u) {
    let side = select(reference.zw, reference.xy, tags[key] >= ${IN_TARGET}u);
    weights[(head * run.rows + row) * tokens + key] = exp(score_of(kv, key) - side.x) * side.y;
  }
}
`;
}
