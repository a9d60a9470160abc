import { HEAD_MAP } from './head-map.js';
import { type AttentionShape, IN_TARGET, visibleKeys } from './keys.js';
import { LAYER, NEVER, PASS } from './pass.js';
import { enables, entryOfSubgroups, overWorkgroup } from './workgroup.js';

/** Floats that a split writes for a row and head: both outputs, and each side's maximum and sum. */
export const partialSize = (headDim: number): number => 2 * headDim + 4;

/**
 * Split attention in one pass over the keys: an online softmax (Milakov & Gimelshein 2018) with two states, one for the
 * target and one for the rest. Each has its own running maximum: with a common one, a side far below the other would
 * underflow and its output would be 0/0. The policy is applied afterwards, in `combine`, which needs only the sums.
 *
 * The kernel also keeps the sum of each piece of the keys. Pieces are consecutive stretches of keys without gaps, cut
 * at the borders of the target and of the spans whose shares are wanted.
 *
 * Bindings: 1 q `[rows, heads, headDim]`; 2 keys and 3 values, as `rotate` wrote them; 4 tags `[tokens]`: each key's
 * piece, and whether it is inside the target; 5 maps `[layers · heads]`; 6 partial `[rows, heads, splits, 2·headDim +
 * 4]`; 7 pieces `[rows, heads, splits, pieces]`: maximum and sum of each; 8 the layer.
 *
 * One workgroup per head, row and split: (head, row, split). A tile has one key per thread. For each tile, a thread
 * first computes the score of one key, then some dimensions of the output, then the sum of one piece.
 */
export function attention(shape: AttentionShape): string {
  const { heads, kvHeads, headDim, threads } = shape;
  const perThread = Math.ceil(headDim / threads);
  const dims = Array.from({ length: perThread }, (_, i) => i);
  const each = (make: (i: number) => string): string => dims.map(make).join('\n');
  return /* wgsl */ `
${enables(shape)}
${PASS}
${LAYER}
${HEAD_MAP}
@group(0) @binding(1) var<storage, read> q: array<vec4f>;
@group(0) @binding(2) var<storage, read> keys: array<vec4f>;
@group(0) @binding(3) var<storage, read> values: array<f32>;
@group(0) @binding(4) var<storage, read> tags: array<u32>;
@group(0) @binding(5) var<storage, read> maps: array<HeadMap>;
@group(0) @binding(6) var<storage, read_write> partials: array<f32>;
@group(0) @binding(7) var<storage, read_write> pieces: array<vec2f>;
${visibleKeys(shape)}
var<workgroup> weights: array<f32, ${threads}>;
var<workgroup> tag: array<u32, ${threads}>;
${overWorkgroup(shape, 'maximum', 'vec2f')}

${entryOfSubgroups(shape)}
  let head = group.x;
  let row = group.y;
  let split = group.z;
  let kv = head / ${heads / kvHeads}u;
  let position = run.past + row;
  let begin = max(first_visible(position), split * run.splitKeys);
  let end = min(position + 1u, (split + 1u) * run.splitKeys);
  let place = (row * ${heads}u + head) * run.splits + split;
  // If the policy does not change the head, there are no sides, so that the result is untouched to the last bit.
  let acts = maps[layer.x + head].acts != 0.0;

  for (var i = lane; i < ${headDim / 4}u; i += ${threads}u) {
    query[i] = q[(row * ${heads}u + head) * ${headDim / 4}u + i];
  }
  for (var piece = lane; piece < run.pieces; piece += ${threads}u) { pieces[place * run.pieces + piece] = vec2f(${NEVER}, 0.0); }
  workgroupBarrier();

  var target_maximum = ${NEVER};
  var target_sum = 0.0;
  var rest_maximum = ${NEVER};
  var rest_sum = 0.0;
  ${each((i) => `var target_output${i} = 0.0; var rest_output${i} = 0.0;`)}

  for (var tile = begin / ${threads}u * ${threads}u; tile < end; tile += ${threads}u) {
    let key = tile + lane;
    let visible = key >= begin && key < end;
    var score = ${NEVER};
    if (visible) { score = score_of(kv, key); }
    tag[lane] = tags[min(key, run.past + run.rows - 1u)];
    let inside = acts && tag[lane] >= ${IN_TARGET}u;
    let highs = over_workgroup(lane, select(vec2f(${NEVER}, score), vec2f(score, ${NEVER}), inside));

    let from_ = max(begin, tile) - tile;
    let to = min(end, tile + ${threads}u) - tile;
    let target_high = max(target_maximum, highs.x);
    let rest_high = max(rest_maximum, highs.y);
    let target_fade = exp(target_maximum - target_high);
    let rest_fade = exp(rest_maximum - rest_high);
    target_maximum = target_high;
    rest_maximum = rest_high;
    weights[lane] = select(0.0, exp(score - select(rest_high, target_high, inside)), visible);
    workgroupBarrier();

    target_sum *= target_fade;
    rest_sum *= rest_fade;
    ${each((i) => `target_output${i} *= target_fade; rest_output${i} *= rest_fade;`)}
    for (var j = from_; j < to; j++) {
      let at = (kv * run.capacity + tile + j) * ${headDim}u + lane;
      if (acts && tag[j] >= ${IN_TARGET}u) {
        target_sum += weights[j];
        ${each((i) => `if (lane + ${i * threads}u < ${headDim}u) { target_output${i} += weights[j] * values[at + ${i * threads}u]; }`)}
      } else {
        rest_sum += weights[j];
        ${each((i) => `if (lane + ${i * threads}u < ${headDim}u) { rest_output${i} += weights[j] * values[at + ${i * threads}u]; }`)}
      }
    }

    // The tile's pieces are consecutive, at most one per thread, and each piece always has the same thread, which alone
    // writes its sum. A piece is on one side, and its sum is relative to that side's maximum.
    let opening = tag[from_] & ${IN_TARGET - 1}u;
    let piece = opening + (lane + ${threads}u - opening % ${threads}u) % ${threads}u;
    if (piece <= (tag[to - 1u] & ${IN_TARGET - 1}u)) {
      var sum = 0.0;
      var high = rest_maximum;
      for (var j = from_; j < to; j++) {
        if ((tag[j] & ${IN_TARGET - 1}u) == piece) {
          sum += weights[j];
          if (acts && tag[j] >= ${IN_TARGET}u) { high = target_maximum; }
        }
      }
      let at = place * run.pieces + piece;
      pieces[at] = vec2f(high, pieces[at].y * exp(pieces[at].x - high) + sum);
    }
    workgroupBarrier();
  }

  let at = place * ${partialSize(headDim)}u;
  ${each(
    (i) => `if (lane + ${i * threads}u < ${headDim}u) {
    partials[at + lane + ${i * threads}u] = target_output${i};
    partials[at + ${headDim}u + lane + ${i * threads}u] = rest_output${i};
  }`,
  )}
  if (lane == 0u) {
    partials[at + ${2 * headDim}u] = target_maximum;
    partials[at + ${2 * headDim + 1}u] = target_sum;
    partials[at + ${2 * headDim + 2}u] = rest_maximum;
    partials[at + ${2 * headDim + 3}u] = rest_sum;
  }
}
`;
}
