import { HEAD_MAP } from './head-map.js';
import { IS_NAN, LOG_ONE_PLUS } from './numbers.js';

/**
 * WGSL for the policy on the target's share, and the mix of the two sides:
 *
 *   log π = −softplus(LSE_rest − LSE_target),  out = π′·out_target + (1 − π′)·out_rest
 *
 * `fn mix_of(map, highs, sums)` takes the maximum and the sum of the target (x) and of the rest (y). If the map does not change
 * the share, the row is the plain softmax, and its shares before and after are the same number. `fn shares_of(mix, sum, high,
 * inside)` returns a piece's share before and after the policy, from its sum, which is relative to `high`.
 */
export const MIX = /* wgsl */ `
${HEAD_MAP}
${LOG_ONE_PLUS}
${IS_NAN}
/** log(1 + e^x). */
fn softplus(x: f32) -> f32 { return max(x, 0.0) + log_one_plus(exp(-abs(x))); }

struct Mix {
  /** The maxima of the target (x) and of the rest (y). */
  highs: vec2f,
  /** The maximum and sum of the whole row. */
  high: f32,
  sum: f32,
  /** A key's weight after the policy is e^(score − its side's maximum) times its side's factor. */
  factors: vec2f,
  is_changed: bool,
}

fn mix_of(map: HeadMap, highs: vec2f, sums: vec2f) -> Mix {
  // A side whose sum is NaN counts as present, so that NaN shows in the result.
  let has_target = sums.x > 0.0 || is_nan(sums.x);
  let has_rest = sums.y > 0.0 || is_nan(sums.y);
  let high = max(highs.x, highs.y);
  let sum = sums.x * exp(highs.x - high) + sums.y * exp(highs.y - high);
  // Never add logits of several hundred to logarithms of sums: the rounding would be an error of the share.
  var factors = vec2f(exp(highs.x - high), exp(highs.y - high)) / sum;
  var is_changed = false;
  if (has_target && has_rest) {
    let gap = (highs.y - highs.x) + (log(sums.y) - log(sums.x));
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
    if (is_changed) { factors = vec2f(exp(log_in), exp(log_out)) / sums; }
  }
  return Mix(highs, high, sum, factors, is_changed);
}

fn shares_of(mix: Mix, sum: f32, high: f32, inside: bool) -> vec2f {
  let before = sum * exp(high - mix.high) / mix.sum;
  if (!mix.is_changed) { return vec2f(before); }
  let of_side = sum * exp(high - select(mix.highs.y, mix.highs.x, inside));
  return vec2f(before, of_side * select(mix.factors.y, mix.factors.x, inside));
}

/** Both sides' maxima and factors, as the rows of taps need them. */
fn reference_of(mix: Mix) -> vec4f {
  let factor = 1.0 / mix.sum;
  return select(vec4f(mix.high, factor, mix.high, factor), vec4f(mix.highs.x, mix.factors.x, mix.highs.y, mix.factors.y), mix.is_changed);
}
`;
