import { partialSize } from './attention.js';
import { type AttentionShape, cutsAt, firstVisible } from './keys.js';
import { MIX } from './mix.js';
import { LAYER, NEVER, PASS } from './pass.js';
import { enables, entryOfSubgroups, overWorkgroup, type Workgroup } from './workgroup.js';

/** The most threads that share the splits of a piece. */
const MOST_MEMBERS = 8;

export type CombineKernel = Workgroup & Pick<AttentionShape, 'heads' | 'headDim' | 'window'>;

/**
 * Combines the splits, and applies the policy.
 *
 * Bindings: 1 partials `[rows, heads, splits, 2·headDim + 4]` and 2 pieces `[rows, heads, splits, pieces]`, as `attention`
 * wrote them; 3 {@link cutsAt}; 4 maps `[layers · heads]`; 5 output `[rows, heads · headDim]`; 6 shares `[layers · heads, rows,
 * pieces]` of (before, after); 7 references `[rows, heads]`: both sides' maxima and factors, where a key's weight is e^(score −
 * maximum) · factor; 8 the layer.
 *
 * One workgroup per head and row: (head, row). Each thread first takes some splits, then some dimensions, then some pieces. A
 * piece is only in the splits whose keys it has.
 */
export function combine(kernel: CombineKernel): string {
  const { heads, headDim, threads } = kernel;
  const size = partialSize(headDim);
  const members = Math.min(threads, MOST_MEMBERS);
  const dims = Array.from({ length: Math.ceil(headDim / threads) }, (_, i) => i);
  const each = (make: (i: number) => string): string => dims.map(make).join('\n      ');
  return /* wgsl */ `
${enables(kernel)}
${PASS}
${LAYER}
${MIX}
@group(0) @binding(1) var<storage, read> partials: array<f32>;
@group(0) @binding(2) var<storage, read> pieces: array<vec2f>;
${cutsAt(3)}
@group(0) @binding(4) var<storage, read> maps: array<HeadMap>;
@group(0) @binding(5) var<storage, read_write> output: array<f32>;
@group(0) @binding(6) var<storage, read_write> shares: array<vec2f>;
@group(0) @binding(7) var<storage, read_write> references: array<vec4f>;
${firstVisible(kernel)}
${overWorkgroup(kernel, 'vec2f', 'maximum', 'sum')}
var<workgroup> piece_sums: array<f32, ${threads}>;
/** What the outputs of some splits are multiplied by. */
var<workgroup> fades: array<vec2f, ${threads}>;

${entryOfSubgroups(kernel)}
  let head = group.x;
  let row = group.y;
  let first = (row * ${heads}u + head) * run.splits;

  var highs = vec2f(${NEVER});
  for (var split = lane; split < run.splits; split += ${threads}u) {
    let at = (first + split) * ${size}u + ${2 * headDim}u;
    highs = max(highs, vec2f(partials[at], partials[at + 2u]));
  }
  highs = workgroup_maximum(lane, highs);
  workgroupBarrier();
  var sums = vec2f(0.0);
  for (var split = lane; split < run.splits; split += ${threads}u) {
    let at = (first + split) * ${size}u + ${2 * headDim}u;
    sums += vec2f(partials[at + 1u], partials[at + 3u]) * exp(vec2f(partials[at], partials[at + 2u]) - highs);
  }
  sums = workgroup_sum(lane, sums);
  let map = maps[layer.x + head];
  let mix = mix_of(map, highs, sums);
  if (lane == 0u) { references[row * ${heads}u + head] = reference_of(mix); }

  ${dims.map((i) => `var target_output${i} = 0.0; var rest_output${i} = 0.0;`).join('\n  ')}
  for (var from_ = 0u; from_ < run.splits; from_ += ${threads}u) {
    if (from_ + lane < run.splits) {
      let at = (first + from_ + lane) * ${size}u + ${2 * headDim}u;
      fades[lane] = exp(vec2f(partials[at], partials[at + 2u]) - highs);
    }
    workgroupBarrier();
    for (var i = 0u; i < min(${threads}u, run.splits - from_); i++) {
      let at = (first + from_ + i) * ${size}u + lane;
      ${each(
        (i) =>
          `target_output${i} += partials[at + ${i * threads}u] * fades[i].x; rest_output${i} += partials[at + ${headDim + i * threads}u] * fades[i].y;`,
      )}
    }
    workgroupBarrier();
  }
  ${dims
    .map(
      (i) => `if (lane + ${i * threads}u < ${headDim}u) {
    output[(row * ${heads}u + head) * ${headDim}u + lane + ${i * threads}u] =
      map.gain * (mix.factors.x * target_output${i} + mix.factors.y * rest_output${i});
  }`,
    )
    .join('\n  ')}

  // Threads share a piece's splits if these are many. Only uniforms decide on barriers.
  let position = run.past + row;
  let members = select(1u, ${members}u, run.splits >= ${members}u);
  for (var base = 0u; base < run.pieces; base += ${threads}u / members) {
    let piece = base + lane / members;
    var begin = 0u;
    var end = 0u;
    var inside = false;
    if (piece < run.pieces) {
      begin = max(start_of(piece), first_visible(position));
      end = min(start_of(piece + 1u), position + 1u);
      inside = map.acts != 0.0 && is_inside(piece);
    }
    let high = select(highs.y, highs.x, inside);
    var sum = 0.0;
    if (begin < end) {
      for (var split = begin / run.splitKeys + lane % members; split * run.splitKeys < end; split += members) {
        let part = pieces[(first + split) * run.pieces + piece];
        sum += part.y * exp(part.x - high);
      }
    }
    piece_sums[lane] = sum;
    workgroupBarrier();
    for (var by = members / 2u; by > 0u; by /= 2u) {
      if (lane % members < by) { piece_sums[lane] += piece_sums[lane + by]; }
      workgroupBarrier();
    }
    if (lane % members == 0u && piece < run.pieces) {
      shares[((layer.x + head) * run.rows + row) * run.pieces + piece] = shares_of(mix, piece_sums[lane], high, inside);
    }
  }
}
`;
}
