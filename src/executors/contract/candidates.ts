import { HoldfastError } from '../../errors.js';
import type { CandidateRequest, Candidates, ForwardRequest, ForwardResult } from './contract.js';
import { byScore, largest } from './selection.js';

/** Picks a row's candidates on the host. @param logits `[vocab]` */
export function candidatesOf(logits: Float32Array, request: CandidateRequest): Candidates {
  const best = bestOf(logits);
  const whole = totalWeight(logits, best, 1);
  const normaliser = best + Math.log(whole);
  if (!Number.isFinite(normaliser)) return { ids: [], logits: new Float32Array(0), normaliser, total: 0 };
  const { ids, total } = reachable(logits, best, request, whole);
  const enough = ids.length < request.least ? largest(logits, request.least) : ids;
  return { ids: enough, logits: Float32Array.from(enough, (id) => logits[id]!), normaliser, total };
}

/** Runs a request for candidates on an executor that has the logits in the host's memory anyway. */
export async function withCandidates(
  request: ForwardRequest,
  run: (request: ForwardRequest) => Promise<ForwardResult>,
): Promise<ForwardResult> {
  const { logits: wanted } = request;
  if (typeof wanted === 'string') return run(request);
  const result = await run({ ...request, logits: 'last' });
  return { ...result, logits: new Float32Array(0), candidates: candidatesOf(result.logits, wanted) };
}

/**
 * The tokens that a draw can reach, most probable first, and the weight of all that top-k left. Only tokens that can
 * survive are sorted: those within a distance of the best that is doubled until it holds the nucleus.
 * @param best the highest logit
 * @param whole all weights at temperature 1, where they are known
 */
export function reachable(
  logits: Float32Array,
  best: number,
  { temperature, topK, topP, minP }: Omit<CandidateRequest, 'least'>,
  whole?: number,
): Pick<Candidates, 'ids' | 'total'> {
  if (temperature === 0) return { ids: largest(logits, 1), total: 0 };
  const weightOfAll = (ids: readonly number[]): number => {
    let sum = 0;
    for (const id of ids) sum += weightOf(logits[id]!, best, temperature);
    return sum;
  };
  if (topK > 0 && topK < logits.length) {
    const ids = largest(logits, topK);
    return { ids, total: weightOfAll(ids) };
  }
  // An exponential of every logit is most of what a draw costs: not twice where it is the same.
  const total = temperature === 1 && whole !== undefined ? whole : totalWeight(logits, best, temperature);
  if (topP === 1 && minP === 0) return { ids: largest(logits, logits.length), total };

  for (let distance = minP > 0 ? -Math.log(minP) : 4; ; distance *= 2) {
    // A hair further than the exact distance: what lies on the edge is decided by weight, where it is drawn.
    const ids = atLeast(logits, best - distance * temperature * (1 + 1e-6) - 1e-6);
    if (minP > 0 || ids.length === logits.length || weightOfAll(ids) >= topP * total)
      return { ids: byScore(ids, logits), total };
  }
}

/** e^((logit − best) / temperature). */
export function weightOf(logit: number, best: number, temperature: number): number {
  return Math.exp((logit - best) / temperature);
}

/** Σ e^((logit − best) / temperature). */
function totalWeight(logits: Float32Array, best: number, temperature: number): number {
  let total = 0;
  for (let id = 0; id < logits.length; id++) total += Math.exp((logits[id]! - best) / temperature);
  return total;
}

/**
 * log Σ e^logit.
 * @throws HoldfastError `E_EXECUTOR` when the logits hold NaN or +∞, or nothing but −∞
 */
export function logSumExp(logits: Float32Array): number {
  const best = bestOf(logits);
  const normaliser = best + Math.log(totalWeight(logits, best, 1));
  assertNormaliser(normaliser);
  return normaliser;
}

/** @throws HoldfastError `E_EXECUTOR` where the row that it is of has no probabilities */
export function assertNormaliser(normaliser: number): void {
  if (Number.isFinite(normaliser)) return;
  throw new HoldfastError('E_EXECUTOR', 'the model gave logits that are no numbers to draw from', {
    hint: "They hold NaN or infinity: check the weights, and the intervention's strength",
  });
}

/** The highest logit. */
export function bestOf(logits: Float32Array): number {
  let best = 0;
  for (let id = 1; id < logits.length; id++) if (logits[id]! > logits[best]!) best = id;
  return logits[best]!;
}

/** Ids whose logit is not below `lowest`. */
function atLeast(logits: Float32Array, lowest: number): number[] {
  const ids: number[] = [];
  for (let id = 0; id < logits.length; id++) if (logits[id]! >= lowest) ids.push(id);
  return ids;
}
