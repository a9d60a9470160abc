import { type AttentionShape, cutsAt, IN_TARGET, visibleKeys } from './keys.js';
import { LAYER, PASS } from './pass.js';
import { entry } from './workgroup.js';

/**
 * Writes the attention rows of a layer after the policy, for taps. It computes the scores again and turns each into a
 * weight with the maximum and the factor of its side.
 *
 * Bindings: 1 q, 2 keys and 4 references, as the previous kernels wrote them; 3 {@link cutsAt}; 5 rows `[heads, rows,
 * tokens]`, zero beforehand; 8 the layer. Keys that a row cannot see stay 0.
 *
 * One workgroup per head and row: (head of the layer's part, row).
 */
export function attentionRows(shape: AttentionShape): string {
  const { heads, kvHeads, headDim, threads } = shape;
  return /* wgsl */ `
${PASS}
${LAYER}
@group(0) @binding(1) var<storage, read> q: array<vec4f>;
@group(0) @binding(2) var<storage, read> keys: array<vec4f>;
${cutsAt(3)}
@group(0) @binding(4) var<storage, read> references: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> weights: array<f32>;
${visibleKeys(shape)}

${entry(shape)}
  let head = layer.y * ${heads / kvHeads}u + group.x;
  let row = group.y;
  let kv = group.x / ${heads / kvHeads}u;
  let position = run.past + row;
  let tokens = run.past + run.rows;
  for (var i = lane; i < ${headDim / 4}u; i += ${threads}u) {
    query[i] = q[(row * ${heads}u + head) * ${headDim / 4}u + i];
  }
  workgroupBarrier();
  let reference = references[row * ${heads}u + head];
  for (var key = first_visible(position) + lane; key <= position; key += ${threads}u) {
    let side = select(reference.zw, reference.xy, tag_of(key) >= ${IN_TARGET}u);
    weights[(head * run.rows + row) * tokens + key] = exp(score_of(kv, key) - side.x) * side.y;
  }
}
`;
}
