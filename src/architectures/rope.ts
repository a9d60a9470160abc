import type { RopeBlueprint, RopeScaling } from './blueprint.js';

/** How queries and keys are turned: pair i by `position · inverseFrequencies[i]` radians, then times `amplitude`. */
export interface RopeFrequencies {
  /** `[rotaryDim / 2]`, radians per position, fastest first. */
  readonly inverseFrequencies: Float64Array;
  /** Factor on cos and sin; 1 unless YaRN or LongRoPE. */
  readonly amplitude: number;
}

/** Whether the frequencies depend on how long the context is. */
export const dependsOnContext = ({ scaling }: RopeBlueprint): boolean =>
  scaling?.type === 'dynamic' || scaling?.type === 'longrope';

/**
 * Rotary frequencies (RoFormer, arXiv 2104.09864): θ_i = base^(−2i/rotaryDim), stretched by the blueprint's scaling.
 *
 * Two kinds of scaling depend on the context. transformers goes by the tokens of the pass, and so turns the keys of one
 * dialogue by one set of frequencies while it is short and by another when it has grown; here, as in llama.cpp, the
 * context that a sequence is opened for decides, once.
 *
 * In f64 throughout. transformers and llama.cpp compute them in f32, which moves each by up to 3·10⁻⁷ of itself: at
 * position 10⁴ the fastest pairs turn by some 10⁻³ rad more or less. Executors form position · θ_i in f64 as well
 * and round cos and sin alone, so that they agree with each other; goldens from f32 are met to their own accuracy.
 * @param contextLength tokens that the sequence may grow to
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
 * "Dynamic NTK" (bloc97 and emozilla, 2023; transformers' `dynamic`): base · (s·n/N − (s − 1))^(d/(d−2)) for a context of
 * n tokens where the model was made for N, and the base itself where n ≤ N.
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

/** LongRoPE's factor on cos and sin (arXiv 2402.13753): √(1 + ln s / ln N) for s times the original N tokens. */
export function longropeAttentionFactor(factor: number, originalContextLength: number): number {
  return factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(originalContextLength));
}

/**
 * Llama 3.1's scaling (its reference code, `apply_scaling`): wavelengths longer than original / low are divided by
 * the factor, those shorter than original / high are kept, and between the two it moves linearly in
 * original / wavelength.
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
 * YaRN's "NTK-by-parts" interpolation (arXiv 2309.00071): h(θ_i) = (1 − γ_i)·θ_i/s + γ_i·θ_i, with γ falling from 1
 * at the pair that turns betaFast times within the original context to 0 at the one that turns betaSlow times.
 * The ramp runs over pair indices, as in the authors' and transformers' code.
 */
function yarnFrequencies(
  theta: Float64Array,
  base: number,
  scaling: Extract<RopeScaling, { type: 'yarn' }>,
): Float64Array {
  const rotaryDim = theta.length * 2;
  const { factor, originalContextLength, betaFast, betaSlow, truncate } = scaling;
  /** Index of the pair that turns `rotations` times within the original context. */
  const correctionDim = (rotations: number): number =>
    (rotaryDim * Math.log(originalContextLength / (rotations * 2 * Math.PI))) / (2 * Math.log(base));

  const fastest = correctionDim(betaFast);
  const slowest = correctionDim(betaSlow);
  const low = Math.max(truncate ? Math.floor(fastest) : fastest, 0);
  let high = Math.min(truncate ? Math.ceil(slowest) : slowest, rotaryDim - 1);
  if (low === high) high += 0.001; // a ramp of no width would divide by zero

  return theta.map((value, i) => {
    const ramp = Math.min(1, Math.max(0, (i - low) / (high - low)));
    const gamma = 1 - ramp;
    return ((1 - gamma) * value) / factor + gamma * value;
  });
}

/** YaRN's temperature (section "YaRN" of the paper): √(1/t) = 0.1·ln(s) + 1, applied to query and key alike through cos and sin. */
function yarnAttentionFactor(factor: number): number {
  return factor <= 1 ? 1 : 0.1 * Math.log(factor) + 1;
}
