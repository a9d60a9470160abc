import type { RopeBlueprint, RopeScaling } from './blueprint.js';

/** The rotation of queries and keys: pair i by `position · inverseFrequencies[i]` radians, then times `amplitude`. */
export interface RopeFrequencies {
  /** `[rotaryDim / 2]`, radians per position, fastest first. */
  readonly inverseFrequencies: Float64Array;
  /** Factor on cos and sin; 1 unless YaRN or LongRoPE. */
  readonly amplitude: number;
}

/** Whether the frequencies depend on the length of the context. */
export const dependsOnContext = ({ scaling }: RopeBlueprint): boolean =>
  scaling?.type === 'dynamic' || scaling?.type === 'longrope';

/**
 * Returns the rotary frequencies (RoFormer, arXiv 2104.09864): θ_i = base^(−2i/rotaryDim), changed by the blueprint's
 * scaling.
 *
 * Two kinds of scaling depend on the context length. transformers uses the number of tokens in the pass, so it rotates
 * the keys of one dialogue by one set of frequencies while it is short and by another when it is long. Holdfast, like
 * llama.cpp, uses the context length that the sequence was opened with.
 *
 * Computed in f64. transformers and llama.cpp compute frequencies in f32, which changes each by up to 3·10⁻⁷ of its
 * value; at position 10⁴ that is about 10⁻³ rad for the fastest pairs. Executors also compute position · θ_i in f64 and
 * round only cos and sin, so that they agree with each other. They match references computed in f32 to the accuracy of
 * f32.
 * @param contextLength the length that the sequence may grow to, in tokens
 */
export function ropeFrequencies(rope: RopeBlueprint, contextLength: number): RopeFrequencies {
  const { base, rotaryDim, scaling } = rope;
  const theta = plainFrequencies(base, rotaryDim);
  if (scaling === null) return { inverseFrequencies: theta, amplitude: 1 };
  switch (scaling.type) {
    case 'linear':
      return { inverseFrequencies: theta.map((value) => value / scaling.factor), amplitude: 1 };
    case 'dynamic':
      return {
        inverseFrequencies: plainFrequencies(dynamicBase(rope, scaling, contextLength), rotaryDim),
        amplitude: 1,
      };
    case 'longrope': {
      const divisors = contextLength > scaling.originalContextLength ? scaling.long : scaling.short;
      return {
        inverseFrequencies: theta.map((value, i) => value / divisors[i]!),
        amplitude: scaling.attentionFactor,
      };
    }
    case 'divisors':
      return { inverseFrequencies: theta.map((value, i) => value / scaling.divisors[i]!), amplitude: 1 };
    case 'llama3':
      return { inverseFrequencies: theta.map((value) => llama3Frequency(value, scaling)), amplitude: 1 };
    case 'yarn':
      return {
        inverseFrequencies: yarnFrequencies(theta, base, scaling),
        amplitude: scaling.attentionFactor ?? yarnAttentionFactor(scaling.factor),
      };
  }
}

function plainFrequencies(base: number, rotaryDim: number): Float64Array {
  return Float64Array.from({ length: rotaryDim / 2 }, (_, i) => base ** ((-2 * i) / rotaryDim));
}

/**
 * Returns the base of "Dynamic NTK" (bloc97 and emozilla, 2023; transformers' `dynamic`):
 * base · (s·n/N − (s − 1))^(d/(d−2)) for a context of n tokens and an original length of N.
 * If n ≤ N, the base is unchanged.
 */
function dynamicBase(
  { base, rotaryDim }: RopeBlueprint,
  { factor, originalContextLength }: Extract<RopeScaling, { type: 'dynamic' }>,
  contextLength: number,
): number {
  const tokens = Math.max(contextLength, originalContextLength);
  const growth = (factor * tokens) / originalContextLength - (factor - 1);
  return base * growth ** (rotaryDim / (rotaryDim - 2));
}

/**
 * Returns LongRoPE's factor on cos and sin (arXiv 2402.13753): √(1 + ln s / ln N) for s times the original N tokens.
 */
export function longropeAttentionFactor(factor: number, originalContextLength: number): number {
  return factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(originalContextLength));
}

/**
 * Returns a frequency after Llama 3.1's scaling (its reference code, `apply_scaling`). Frequencies with wavelengths
 * above original / low are divided by the factor; those with wavelengths below original / high are unchanged. Between
 * the two, the result is interpolated linearly in original / wavelength.
 */
function llama3Frequency(theta: number, scaling: Extract<RopeScaling, { type: 'llama3' }>): number {
  const { factor, lowFrequencyFactor: low, highFrequencyFactor: high, originalContextLength } = scaling;
  const wavelength = (2 * Math.PI) / theta;
  if (wavelength < originalContextLength / high) return theta;
  if (wavelength > originalContextLength / low) return theta / factor;
  const smooth = (originalContextLength / wavelength - low) / (high - low);
  return ((1 - smooth) * theta) / factor + smooth * theta;
}

/**
 * Returns the frequencies after YaRN's "NTK-by-parts" interpolation (arXiv 2309.00071):
 * h(θ_i) = (1 − γ_i)·θ_i/s + γ_i·θ_i.
 * γ falls from 1 at the pair that rotates betaFast times within the original context to 0 at the pair that rotates
 * betaSlow times. It is linear in the pair index, as in the authors' and transformers' code.
 */
function yarnFrequencies(
  theta: Float64Array,
  base: number,
  scaling: Extract<RopeScaling, { type: 'yarn' }>,
): Float64Array {
  const rotaryDim = theta.length * 2;
  const { factor, originalContextLength, betaFast, betaSlow, truncate } = scaling;
  /** Index of the pair that rotates `rotations` times within the original context. */
  const correctionDim = (rotations: number): number =>
    (rotaryDim * Math.log(originalContextLength / (rotations * 2 * Math.PI))) / (2 * Math.log(base));

  const fastest = correctionDim(betaFast);
  const slowest = correctionDim(betaSlow);
  const low = Math.max(truncate ? Math.floor(fastest) : fastest, 0);
  let high = Math.min(truncate ? Math.ceil(slowest) : slowest, rotaryDim - 1);
  if (low === high) high += 0.001; // avoids a division by zero

  return theta.map((value, i) => {
    const ramp = Math.min(1, Math.max(0, (i - low) / (high - low)));
    const gamma = 1 - ramp;
    return ((1 - gamma) * value) / factor + gamma * value;
  });
}

/**
 * Returns YaRN's factor on cos and sin, and so on query and key (section "YaRN" of the paper): √(1/t) = 0.1·ln(s) + 1.
 */
function yarnAttentionFactor(factor: number): number {
  return factor <= 1 ? 1 : 0.1 * Math.log(factor) + 1;
}
