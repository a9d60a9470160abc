import { NEVER } from './pass.js';

/** WGSL for whether a number is NaN, by its bits. */
const nanBits = (x: string): string => `(bitcast<u32>(${x}) & 0x7fffffffu) > 0x7f800000u`;

/**
 * Functions of numbers that every WGSL implementation computes well. WGSL lets `log` err by 2⁻²¹ near 1 and `tanh` by 10⁻⁵,
 * and a compiler may drop comparisons that only NaN makes false.
 */

/**
 * `fn tanh_of(x)`, by exp; a series where the difference would cancel. At 15 it is 1 in f32, and exp cannot overflow. NaN stays
 * NaN: `min` and `sign` may turn it into a number.
 */
export const TANH = /* wgsl */ `
fn tanh_of(x: f32) -> f32 {
  if (${nanBits('x')}) { return x; }
  let a = min(abs(x), 15.0);
  let e = exp(-2.0 * a);
  let s = a * a;
  let series = a * (1.0 - s * (0.33333333 - s * (0.13333334 - s * (0.053968254 - s * 0.021869488))));
  return sign(x) * select((1.0 - e) / (1.0 + e), series, a < 0.25);
}
`;

/**
 * `fn log_one_plus(e)`, log(1 + e) for e from −1/2 to 1, as 2·artanh(e / (2 + e)): `log` of the rounded 1 + e would lose a
 * small e. `fn log_one_minus_exp(x)`, log(1 − e^x) for x < 0 (Mächler 2012); e^x − 1 as a series where it would cancel.
 */
export const LOG_ONE_PLUS = /* wgsl */ `
fn log_one_plus(e: f32) -> f32 {
  let s = e / (2.0 + e);
  let t = s * s;
  return 2.0 * s * (1.0 + t * (0.33333333 + t * (0.2 + t * (0.14285715 + t * (0.11111111 + t * (0.09090909 + t * 0.07692308))))));
}

fn log_one_minus_exp(x: f32) -> f32 {
  if (x >= 0.0) { return ${NEVER}; }
  if (x < -0.6931472) { return log_one_plus(-exp(x)); }
  return log(-x * (1.0 + x * (0.5 + x * (0.16666667 + x * (0.041666668 + x * (0.008333334 +
    x * (0.0013888889 + x * (0.0001984127 + x * (0.000024801588 + x * 0.0000027557319)))))))));
}
`;

/** `fn is_nan(x)`, by the bits. */
export const IS_NAN = /* wgsl */ `
fn is_nan(x: f32) -> bool { return ${nanBits('x')}; }
`;
