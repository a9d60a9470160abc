import { HoldfastError } from '../errors.js';
import {
  assertNormaliser,
  bestOf,
  type CandidateRequest,
  type Candidates,
  type ForwardResult,
  largest,
  logSumExp,
  reachable,
  weightOf,
} from '../executors/index.js';
import { createRandom } from './random.js';

/** How the next token is drawn; what is not said takes its default. */
export interface SamplingOptions {
  /** Logits are divided by it; 0 is greedy: the most probable token, of equals the lowest id. Default 0.7. */
  readonly temperature?: number;
  /** Only the k most probable tokens; 0, the default, keeps all. */
  readonly topK?: number;
  /** Only the smallest set of most probable tokens that has this much probability; 1 keeps all. Default 0.95. */
  readonly topP?: number;
  /** Only tokens with at least this part of the most probable one's probability; 0, the default, keeps all. */
  readonly minP?: number;
  /**
   * Divides the positive and multiplies the negative logits of every token so far, the prompt's
   * included, as transformers does (Keskar et al. 2019). 1, the default, changes nothing.
   */
  readonly repetitionPenalty?: number;
  /** A whole number from 0 to 2^53 − 1; the same seed gives the same tokens on the same executor. Default 0. */
  readonly seed?: number;
  /** How many of the model's most probable tokens to report with each chosen one. Default 0. */
  readonly topLogProbabilities?: number;
}

/** Sampling options, complete and in range. */
export type Sampling = Readonly<Required<SamplingOptions>>;

/** A token and its natural-log probability. */
export interface TokenProbability {
  readonly id: number;
  readonly logProbability: number;
}

/**
 * A drawn token. Log probabilities are the model's own, of its logits before penalty, temperature and filters, so that
 * they can be compared between settings.
 */
export interface SampledToken extends TokenProbability {
  /** The model's most probable tokens, the best first. */
  readonly topLogProbabilities: readonly TokenProbability[];
}

/** What a token is drawn from. */
export interface Distribution {
  /** Most probable first where a filter is on, else in the order of ids. */
  readonly ids: readonly number[];
  /** `[ids]`, summing to one. */
  readonly probabilities: Float64Array;
}

interface Range {
  readonly minimum: number;
  readonly maximum: number;
  readonly integer: boolean;
  readonly fallback: number;
}

const RANGES: Readonly<Record<keyof SamplingOptions, Range>> = {
  temperature: { minimum: 0, maximum: 100, integer: false, fallback: 0.7 },
  topK: { minimum: 0, maximum: Number.MAX_SAFE_INTEGER, integer: true, fallback: 0 },
  topP: { minimum: Number.MIN_VALUE, maximum: 1, integer: false, fallback: 0.95 },
  minP: { minimum: 0, maximum: 1, integer: false, fallback: 0 },
  repetitionPenalty: { minimum: 1e-2, maximum: 100, integer: false, fallback: 1 },
  seed: { minimum: 0, maximum: Number.MAX_SAFE_INTEGER, integer: true, fallback: 0 },
  topLogProbabilities: { minimum: 0, maximum: 100, integer: true, fallback: 0 },
};

/**
 * Completes sampling options.
 * @throws HoldfastError `E_SAMPLING` naming the option and its range
 */
export function checkSampling(options: SamplingOptions = {}): Sampling {
  const checked = (name: keyof SamplingOptions): number => {
    const { minimum, maximum, integer, fallback } = RANGES[name];
    const value = options[name] ?? fallback;
    if (!(value >= minimum && value <= maximum) || (integer && !Number.isInteger(value))) {
      throw new HoldfastError(
        'E_SAMPLING',
        `${name} takes ${integer ? 'a whole number' : 'a number'} from ${minimum === Number.MIN_VALUE ? 'above 0' : minimum} to ${maximum}, not ${value}`,
        { field: name },
      );
    }
    return value;
  };
  return {
    temperature: checked('temperature'),
    topK: checked('topK'),
    topP: checked('topP'),
    minP: checked('minP'),
    repetitionPenalty: checked('repetitionPenalty'),
    seed: checked('seed'),
    topLogProbabilities: checked('topLogProbabilities'),
  };
}

/** Draws one token after the other. */
export interface Sampler {
  /** What of a row it draws from; null: all logits, as any token may be drawn, or a penalty changes their order. */
  readonly wanted: CandidateRequest | null;
  /**
   * @param row of the token before: its candidates where they were asked for, else its logits, `[vocab]`; not changed
   * @param history the tokens a repetition penalty is for
   * @throws HoldfastError `E_EXECUTOR` when the logits hold NaN or +∞, or nothing but −∞
   */
  next(row: Pick<ForwardResult, 'logits' | 'candidates'>, history: Iterable<number>): SampledToken;
}

/**
 * A sampler whose seed starts anew.
 * @param vocabSize tokens there are, where candidates may be asked for: a top-k of as many is no filter
 */
export function createSampler(sampling: Sampling, vocabSize = Number.POSITIVE_INFINITY): Sampler {
  const random = createRandom(sampling.seed);
  const { temperature, repetitionPenalty, topLogProbabilities } = sampling;
  const isPartial = temperature === 0 || isFiltered(sampling, vocabSize);

  // A greedy draw leaves the seed where it is.
  const pick = (weights: Float64Array): number => (temperature === 0 ? 0 : drawn(weights, random()));

  const fromCandidates = ({ ids, logits, normaliser, total }: Candidates): SampledToken => {
    assertNormaliser(normaliser);
    const at = pick(nucleus(logits, total, sampling));
    const withProbability = (index: number): TokenProbability => ({
      id: ids[index]!,
      logProbability: logits[index]! - normaliser,
    });
    const top = Math.min(topLogProbabilities, ids.length);
    return {
      ...withProbability(at),
      topLogProbabilities: Array.from({ length: top }, (_, index) => withProbability(index)),
    };
  };

  const fromLogits = (logits: Float32Array, history: Iterable<number>): SampledToken => {
    const normaliser = logSumExp(logits);
    const { ids, weights } = choices(penalised(logits, history, repetitionPenalty), sampling);
    const at = pick(weights);
    const withProbability = (id: number): TokenProbability => ({
      id,
      logProbability: logits[id]! - normaliser,
    });
    return {
      ...withProbability(ids === null ? at : ids[at]!),
      topLogProbabilities: largest(logits, topLogProbabilities).map(withProbability),
    };
  };

  return {
    wanted:
      isPartial && repetitionPenalty === 1 ? { ...sampling, least: Math.max(1, topLogProbabilities) } : null,
    next: ({ logits, candidates }, history) =>
      candidates ? fromCandidates(candidates) : fromLogits(logits, history),
  };
}

/**
 * What a token is drawn from, in transformers' order: repetition penalty, temperature, top-k, top-p (of what top-k
 * left), min-p. llama.cpp cools last; here the temperature comes first, so that top-p and min-p cut the distribution
 * that is drawn from. At temperature 0 all probability is on the most probable token.
 * @param logits `[vocab]`
 */
export function distribution(
  logits: Float32Array,
  sampling: Sampling,
  history: Iterable<number> = [],
): Distribution {
  const scores = penalised(logits, history, sampling.repetitionPenalty);
  const { ids, weights } = choices(scores, sampling);
  const sum = weights.reduce((a, b) => a + b, 0);
  return {
    ids: ids ?? Array.from(scores, (_, id) => id),
    probabilities: weights.map((weight) => weight / sum),
  };
}

function penalised(logits: Float32Array, history: Iterable<number>, penalty: number): Float32Array {
  if (penalty === 1) return logits;
  const scores = logits.slice();
  for (const id of new Set(history))
    scores[id] = scores[id]! < 0 ? scores[id]! * penalty : scores[id]! / penalty;
  return scores;
}

/** What a draw is made from: weights of some tokens, or, without a list of them, of all. */
function choices(
  scores: Float32Array,
  sampling: Sampling,
): { readonly ids: readonly number[] | null; readonly weights: Float64Array } {
  const best = bestOf(scores);
  const { temperature } = sampling;
  if (temperature > 0 && !isFiltered(sampling, scores.length)) {
    // Without a filter, a list of all ids would cost more than everything else.
    return { ids: null, weights: Float64Array.from(scores, (score) => weightOf(score, best, temperature)) };
  }
  const { ids, total } = reachable(scores, best, sampling);
  const sorted = Float32Array.from(ids, (id) => scores[id]!);
  const weights = nucleus(sorted, total, sampling);
  return { ids: ids.slice(0, weights.length), weights };
}

/**
 * The weights of the shortest beginning that holds `topP` of the total, and of it what has `minP` of the best.
 * @param sorted logits, the best first, as far down as a draw can reach
 * @param total the weight of all that top-k left
 */
function nucleus(sorted: Float32Array, total: number, sampling: Sampling): Float64Array {
  const { temperature, topK, topP, minP } = sampling;
  if (temperature === 0) return Float64Array.of(1);
  const reach = topK > 0 ? sorted.subarray(0, topK) : sorted;
  const enough = topP === 1 ? Number.POSITIVE_INFINITY : topP * total;
  const weights: number[] = [];
  let sum = 0;
  for (const logit of reach) {
    const weight = weightOf(logit, sorted[0]!, temperature);
    // The best token always stays.
    if (weights.length > 0 && (sum >= enough || weight < minP)) break;
    sum += weight;
    weights.push(weight);
  }
  return Float64Array.from(weights);
}

/** The index at which a draw ends. @param at where among the weights, in [0, 1) */
function drawn(weights: Float64Array, at: number): number {
  const goal = at * weights.reduce((a, b) => a + b, 0);
  let sum = 0;
  for (let index = 0; index < weights.length; index++) {
    sum += weights[index]!;
    if (goal < sum) return index;
  }
  // Rounding may leave the sum a hair short: the last that has any weight.
  return weights.findLastIndex((weight) => weight > 0);
}

function isFiltered({ topK, topP, minP }: Sampling, vocabSize: number): boolean {
  return (topK > 0 && topK < vocabSize) || topP < 1 || minP > 0;
}
