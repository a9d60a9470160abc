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
import { createRandom } from '../random.js';
import { createAdjuster, type LogitAdjustments } from './adjustments.js';

/** How the next token is drawn. */
export interface SamplingOptions {
  /** Divides the logits. 0 is greedy: the most probable token, or the lowest id of several. Default: 0.7. */
  readonly temperature?: number;
  /** Keeps only the k most probable tokens; 0 keeps all. Default: 0. */
  readonly topK?: number;
  /** Keeps the smallest set of most probable tokens with this cumulative probability; 1 keeps all. Default: 0.95. */
  readonly topP?: number;
  /** Keeps only tokens with at least this fraction of the highest probability; 0 keeps all. Default: 0. */
  readonly minP?: number;
  /**
   * Penalises repeated tokens: divides the positive and multiplies the negative logits of every token so far, including
   * the prompt's, as transformers does (Keskar et al. 2019). 1 changes nothing. Default: 1.
   */
  readonly repetitionPenalty?: number;
  /** A whole number from 0 to 2^53 − 1. The same seed gives the same tokens on the same executor. Default: 0. */
  readonly seed?: number;
  /** Number of the model's most probable tokens to report with each chosen token. Default: 0. */
  readonly topLogProbabilities?: number;
}

/** Checked sampling options: complete and in range. */
export type Sampling = Readonly<Required<SamplingOptions>>;

/** A token and its natural-log probability. */
export interface TokenProbability {
  readonly id: number;
  readonly logProbability: number;
}

/**
 * A drawn token. Log probabilities are those of the model's own logits, before penalty, temperature and filters, so
 * they can be compared between settings.
 */
export interface SampledToken extends TokenProbability {
  /** The model's most probable tokens, most probable first. */
  readonly topLogProbabilities: readonly TokenProbability[];
}

/** The distribution that a token is drawn from. */
export interface Distribution {
  /** Most probable first if a filter is on, otherwise ascending. */
  readonly ids: readonly number[];
  /** `[ids]`; the sum is 1. */
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
 * Checks sampling options and fills in defaults.
 * @throws HoldfastError `E_SAMPLING` naming the option and its range
 */
export function checkSampling(options: SamplingOptions = {}): Sampling {
  const checked = (name: keyof SamplingOptions): number => {
    const { minimum, maximum, integer, fallback } = RANGES[name];
    const value = options[name] ?? fallback;
    if (!(value >= minimum && value <= maximum) || (integer && !Number.isInteger(value))) {
      throw new HoldfastError(
        'E_SAMPLING',
        `${name} takes ${integer ? 'a whole number' : 'a number'} ${minimum === Number.MIN_VALUE ? 'above 0 and up to' : `from ${minimum} to`} ${maximum}, not ${value}`,
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

/** Draws tokens one after the other. */
export interface Sampler {
  /**
   * The candidates it draws from. Null: it needs all logits, as any token may be drawn or a penalty changes their
   * order.
   */
  readonly wanted: CandidateRequest | null;
  /**
   * Draws the next token. Adjustments count the tokens that this sampler has drawn.
   * @param row the row of the previous token: its candidates if requested, otherwise its logits, `[vocab]`; not changed
   * @param history the tokens to which the repetition penalty applies
   * @param given the token to take instead of the drawn one. It needs the row's logits. The random number is consumed all
   * the same, so that the tokens after it are drawn as if it had been drawn.
   * @throws HoldfastError `E_EXECUTOR` if the logits contain NaN or +∞, or are all −∞
   */
  next(
    row: Pick<ForwardResult, 'logits' | 'candidates'>,
    history: Iterable<number>,
    given?: number,
  ): SampledToken;
}

/**
 * Creates a sampler at the start of its seed's random numbers.
 * @param vocabSize size of the vocabulary: a top-k of this size or more is not a filter
 * @param adjust changes to the logits, already checked
 */
export function createSampler(
  sampling: Sampling,
  vocabSize = Number.POSITIVE_INFINITY,
  adjust: LogitAdjustments = {},
): Sampler {
  const random = createRandom(sampling.seed);
  const { temperature, repetitionPenalty, topLogProbabilities } = sampling;
  const adjusted = createAdjuster(adjust);
  const isPartial = temperature === 0 || isFiltered(sampling, vocabSize);

  // A greedy draw consumes no random number.
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

  const fromLogits = (logits: Float32Array, history: Iterable<number>, given?: number): SampledToken => {
    const normaliser = logSumExp(logits);
    const { ids, weights } = choices(adjusted.apply(penalised(logits, history, repetitionPenalty)), sampling);
    const at = pick(weights);
    const withProbability = (id: number): TokenProbability => ({
      id,
      logProbability: logits[id]! - normaliser,
    });
    const id = given ?? (ids === null ? at : ids[at]!);
    adjusted.count(id);
    return {
      ...withProbability(id),
      topLogProbabilities: largest(logits, topLogProbabilities).map(withProbability),
    };
  };

  return {
    wanted:
      isPartial && repetitionPenalty === 1 && !adjusted.changes
        ? { ...sampling, least: Math.max(1, topLogProbabilities) }
        : null,
    next: ({ logits, candidates }, history, given) =>
      candidates ? fromCandidates(candidates) : fromLogits(logits, history, given),
  };
}

/**
 * Returns the distribution that a token is drawn from. The order is that of transformers: repetition penalty,
 * temperature, top-k, top-p (of the tokens left by top-k), min-p. llama.cpp applies the temperature last. Here it comes
 * before the filters, so that top-p and min-p cut the distribution that is drawn from. At temperature 0, the most
 * probable token has probability 1.
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

/** Returns the weights that a draw uses: of the listed tokens, or of all tokens if `ids` is null. */
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
 * Returns the weights of the tokens that a draw can reach: the shortest prefix of `sorted` with `topP` of the total
 * weight, limited to tokens with at least `minP` of the best weight.
 * @param sorted logits, highest first, of at least all tokens that a draw can reach
 * @param total the weight of all tokens left by top-k
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

/** Returns the index of the drawn weight. @param at the position of the draw as a fraction of the total, in [0, 1) */
function drawn(weights: Float64Array, at: number): number {
  const goal = at * weights.reduce((a, b) => a + b, 0);
  let sum = 0;
  for (let index = 0; index < weights.length; index++) {
    sum += weights[index]!;
    if (goal < sum) return index;
  }
  // Rounding may leave the sum slightly too small; then the last token with any weight is drawn.
  return weights.findLastIndex((weight) => weight > 0);
}

function isFiltered({ topK, topP, minP }: Sampling, vocabSize: number): boolean {
  return (topK > 0 && topK < vocabSize) || topP < 1 || minP > 0;
}
