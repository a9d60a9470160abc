import { partialSize } from './attention.js';
import { HEAD_MAP } from './head-map.js';
import { IN_TARGET } from './keys.js';
import { IS_NAN, LOG_ONE_PLUS } from './numbers.js';
import { LAYER, NEVER, PASS } from './pass.js';
import { entry, type Threads } from './workgroup.js';

export interface CombineKernel extends Threads {
  readonly heads: number;
  readonly headDim: number;
}

/**
 * Combines the splits, applies the policy to the target's share, and mixes the two sides:
 *
 *   log π = −softplus(LSE_rest − LSE_target),  out = π′·out_target + (1 − π′)·out_rest
 *
 * If the map does not change a row's share, the row is the plain softmax, and its shares before and after are the same
 * number.
 *
 * Bindings: 1 partial and 2 pieces, as `attention` wrote them; 3 the tags of the pieces' first keys `[pieces]`; 4 maps
 * `[layers · heads]`; 5 output `[rows, heads · headDim]`; 6 shares `[layers · heads, rows, pieces]` of (before, after);
 * 7 references `[rows, heads]`: both sides' maxima and factors, where a key's weight is e^(score − maximum) · factor;
 * 8 the layer.
 *
 * One workgroup per head and row: (head, row).
 */
export function combine({ heads, headDim, threads }: CombineKernel): string {
  const size = partialSize(headDim);
  return /* wgsl */ `
${PASS}
${LAYER}
${HEAD_MAP}
@group(0) @binding(1) var<storage, read> partials: array<f32>;
@group(0) @binding(2) var<storage, read> pieces: array<vec2f>;
@group(0) @binding(3) var<storage, read> firsts: array<u32>;
@group(0) @binding(4) var<storage, read> maps: array<HeadMap>;
@group(0) @binding(5) var<storage, read_write> output: array<f32>;
@group(0) @binding(6) var<storage, read_write> shares: array<vec2f>;
@group(0) @binding(7) var<storage, read_write> references: array<vec4f>;

${LOG_ONE_PLUS}
${IS_NAN}
/** log(1 + e^x). */
fn softplus(x: f32) -> f32 { return max(x, 0.0) + log_one_plus(exp(-abs(x))); }

${entry({ threads })}
  let head = group.x;
  let row = group.y;
  let first = (row * ${heads}u + head) * run.splits;

  var target_high = ${NEVER};
  var rest_high = ${NEVER};
  for (var split = 0u; split < run.splits; split++) {
    target_high = max(target_high, partials[(first + split) * ${size}u + ${2 * headDim}u]);
    rest_high = max(rest_high, partials[(first + split) * ${size}u + ${2 * headDim + 2}u]);
  }
  var target_sum = 0.0;
  var rest_sum = 0.0;
  for (var split = 0u; split < run.splits; split++) {
    let at = (first + split) * ${size}u + ${2 * headDim}u;
    target_sum += partials[at + 1u] * exp(partials[at] - target_high);
    rest_sum += partials[at + 3u] * exp(partials[at + 2u] - rest_high);
  }
  // A side whose sum is NaN counts as present, so that NaN shows in the result.
  let has_target = target_sum > 0.0 || is_nan(target_sum);
  let has_rest = rest_sum > 0.0 || is_nan(rest_sum);
  let high = max(target_high, rest_high);
  let sum = target_sum * exp(target_high - high) + rest_sum * exp(rest_high - high);

  let map = maps[layer.x + head];
  // A weight is e^(score − its side's maximum) times its side's factor. Never add logits of several hundred to
  // logarithms of sums: the rounding would be an error of the share.
  var target_weight = exp(target_high - high) / sum;
  var rest_weight = exp(rest_high - high) / sum;
  var is_changed = false;
  if (has_target && has_rest) {
    let gap = (rest_high - target_high) + (log(rest_sum) - log(target_sum));
    let log_share = -softplus(gap);
    var log_in = log_share;
    var log_out = -softplus(-gap);
    if (map.exponent != 1.0) {
      log_in *= map.exponent;
      log_out = log_one_minus_exp(log_in);
    }
    if (map.log_multiplier != 0.0) {
      let odds = log_in - log_out + map.log_multiplier;
      log_in = -softplus(-odds);
      log_out = -softplus(odds);
    }
    if (log_in < map.log_floor) {
      log_in = map.log_floor;
      log_out = map.log_outside_floor;
    }
    if (log_in > map.log_cap) {
      log_in = map.log_cap;
      log_out = map.log_outside_cap;
    }
    is_changed = log_in != log_share;
    if (is_changed) {
      target_weight = exp(log_in) / target_sum;
      rest_weight = exp(log_out) / rest_sum;
    }
  }
  if (lane == 0u) {
    references[row * ${heads}u + head] =
      select(vec4f(high, 1.0 / sum, high, 1.0 / sum), vec4f(target_high, target_weight, rest_high, rest_weight), is_changed);
  }

  for (var i = lane; i < ${headDim}u; i += ${threads}u) {
    var target_output = 0.0;
    var rest_output = 0.0;
    for (var split = 0u; split < run.splits; split++) {
      let at = (first + split) * ${size}u;
      target_output += partials[at + i] * exp(partials[at + ${2 * headDim}u] - target_high);
      rest_output += partials[at + ${headDim}u + i] * exp(partials[at + ${2 * headDim + 2}u] - rest_high);
    }
    output[(row * ${heads}u + head) * ${headDim}u + i] =
      map.gain * (target_weight * target_output + rest_weight * rest_output);
  }

  for (var piece = lane; piece < run.pieces; piece += ${threads}u) {
    var piece_high = ${NEVER};
    for (var split = 0u; split < run.splits; split++) {
      piece_high = max(piece_high, pieces[(first + split) * run.pieces + piece].x);
    }
    var piece_sum = 0.0;
    for (var split = 0u; split < run.splits; split++) {
      let part = pieces[(first + split) * run.pieces + piece];
      piece_sum += part.y * exp(part.x - piece_high);
    }
    let before = piece_sum * exp(piece_high - high) / sum;
    var after = before;
    if (is_changed) {
      let inside = firsts[piece] >= ${IN_TARGET}u;
      after = piece_sum * exp(piece_high - select(rest_high, target_high, inside)) * select(rest_weight, target_weight, inside);
    }
    shares[((layer.x + head) * run.rows + row) * run.pieces + piece] = vec2f(before, after);
  }
}
`;
}
