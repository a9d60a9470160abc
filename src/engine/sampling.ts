import { HoldfastError } from '../errors.js';
import { createRandom } from './random.js';
import { byScore, largest } from './selection.js';

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
  /**
   * @param logits `[vocab]`, of the row whose next token is wanted; not changed
   * @param history the tokens a repetition penalty is for
   * @throws HoldfastError `E_EXECUTOR` when the logits hold NaN or +∞, or nothing but −∞
   */
  next(logits: Float32Array, history: Iterable<number>): SampledToken;
}

/** A sampler whose seed starts anew. */
export function createSampler(sampling: Sampling): Sampler {
  const random = createRandom(sampling.seed);
  return {
    next(logits, history) {
      const own = weigh(logits, 1);
      const normaliser = normaliserOf(own);
      const { temperature, repetitionPenalty } = sampling;
      const scores = penalised(logits, history, repetitionPenalty);
      const id =
        temperature === 0
          ? argmax(scores)
          : // An exponential of every token's score is most of what drawing costs: not twice where it is the same.
            draw(
              scores,
              scores === logits && temperature === 1 ? own : weigh(scores, temperature),
              sampling,
              random(),
            );
      const withProbability = (id: number): TokenProbability => ({
        id,
        logProbability: logits[id]! - normaliser,
      });
      return {
        ...withProbability(id),
        topLogProbabilities: largest(logits, sampling.topLogProbabilities).map(withProbability),
      };
    },
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
  return sampling.temperature === 0
    ? { ids: [argmax(scores)], probabilities: Float64Array.of(1) }
    : distributionOf(scores, weigh(scores, sampling.temperature), sampling);
}

/** What weights `exp((score − best) / temperature)` are measured by. */
interface Weighing {
  /** The highest score. */
  readonly best: number;
  /** All weights together, from 1; added up when it is first asked for, as top-k never does. */
  total(): number;
}

function weigh(scores: Float32Array, temperature: number): Weighing {
  const best = scores[argmax(scores)]!;
  let known: number | undefined;
  const add = (): number => {
    let total = 0;
    for (let id = 0; id < scores.length; id++) total += Math.exp((scores[id]! - best) / temperature);
    return total;
  };
  return {
    best,
    total() {
      known ??= add();
      return known;
    },
  };
}

function penalised(logits: Float32Array, history: Iterable<number>, penalty: number): Float32Array {
  if (penalty === 1) return logits;
  const scores = logits.slice();
  for (const id of new Set(history))
    scores[id] = scores[id]! < 0 ? scores[id]! * penalty : scores[id]! / penalty;
  return scores;
}

function distributionOf(scores: Float32Array, all: Weighing, sampling: Sampling): Distribution {
  const weight = (id: number): number => Math.exp((scores[id]! - all.best) / sampling.temperature);
  const { ids, total } = candidates(scores, all, weight, sampling);
  const kept = cutTail(ids, total, weight, sampling);
  const probabilities = Float64Array.from(kept, weight);
  const sum = probabilities.reduce((a, b) => a + b, 0);
  return { ids: kept, probabilities: probabilities.map((value) => value / sum) };
}

/**
 * The tokens that top-p and min-p choose from, sorted where they need it, and the weight of all that top-k left. Only
 * tokens that can survive are sorted: those within a distance of the best that is doubled until it holds the nucleus.
 */
function candidates(
  scores: Float32Array,
  all: Weighing,
  weight: (id: number) => number,
  { temperature, topK, topP, minP }: Sampling,
): { readonly ids: readonly number[]; readonly total: number } {
  if (topK > 0 && topK < scores.length) {
    const ids = largest(scores, topK);
    return { ids, total: sumOf(ids, weight) };
  }
  const total = all.total();
  if (topP === 1 && minP === 0) return { ids: Array.from(scores, (_, id) => id), total };

  for (let distance = minP > 0 ? -Math.log(minP) : 4; ; distance *= 2) {
    // A hair further than the exact distance: what lies on the edge is decided by weight, in cutTail.
    const ids = atLeast(scores, all.best - distance * temperature * (1 + 1e-6) - 1e-6);
    if (minP > 0 || ids.length === scores.length || sumOf(ids, weight) >= topP * total) {
      return { ids: byScore(ids, scores), total };
    }
  }
}

/** Keeps the shortest beginning that holds `topP` of the total, and of it what has `minP` of the best. */
function cutTail(
  ids: readonly number[],
  total: number,
  weight: (id: number) => number,
  { topP, minP }: Sampling,
): readonly number[] {
  const enough = topP === 1 ? Number.POSITIVE_INFINITY : topP * total;
  let sum = 0;
  let count = 0;
  for (const id of ids) {
    const next = weight(id);
    // The best token always stays.
    if (count > 0 && (sum >= enough || next < minP)) break;
    sum += next;
    count++;
  }
  return ids.slice(0, count);
}

/** @param at where in the distribution to draw, in [0, 1) */
function draw(scores: Float32Array, all: Weighing, sampling: Sampling, at: number): number {
  // Without a filter, a list of all ids would cost more than everything else.
  if (!isFiltered(sampling, scores.length)) {
    const weights = Float64Array.from(scores, (score) => Math.exp((score - all.best) / sampling.temperature));
    return indexAt(weights, at * all.total());
  }
  const { ids, probabilities } = distributionOf(scores, all, sampling);
  return ids[indexAt(probabilities, at)]!;
}

/** The first index up to which the weights sum to more than `at`. */
function indexAt(weights: Float64Array, at: number): number {
  let sum = 0;
  for (let index = 0; index < weights.length; index++) {
    sum += weights[index]!;
    if (at < sum) return index;
  }
  // Rounding may leave the sum a hair short: the last that has any weight.
  return weights.findLastIndex((weight) => weight > 0);
}

function isFiltered({ topK, topP, minP }: Sampling, vocabSize: number): boolean {
  return (topK > 0 && topK < vocabSize) || topP < 1 || minP > 0;
}

function argmax(scores: Float32Array): number {
  let best = 0;
  for (let id = 1; id < scores.length; id++) if (scores[id]! > scores[best]!) best = id;
  return best;
}

/** Ids whose score is not below `lowest`. */
function atLeast(scores: Float32Array, lowest: number): number[] {
  const ids: number[] = [];
  for (let id = 0; id < scores.length; id++) if (scores[id]! >= lowest) ids.push(id);
  return ids;
}

function sumOf(ids: readonly number[], weight: (id: number) => number): number {
  let sum = 0;
  for (const id of ids) sum += weight(id);
  return sum;
}

/** log Σ exp(x_i). */
export function logSumExp(logits: Float32Array): number {
  return normaliserOf(weigh(logits, 1));
}

/** log Σ exp of scores that were weighed at temperature 1. */
function normaliserOf({ best, total }: Weighing): number {
  const value = best + Math.log(total());
  if (!Number.isFinite(value)) {
    throw new HoldfastError('E_EXECUTOR', 'the model gave logits that are no numbers to draw from', {
      hint: "They hold NaN or infinity: check the weights, and the intervention's strength",
    });
  }
  return value;
}
