import { HoldfastError } from '../../errors.js';
import type { CandidateRequest, Candidates, ForwardRequest, ForwardResult } from './contract.js';
import { byScore, largest } from './selection.js';

/**
 * Returns a row's candidates, computed on the host.
 * @param logits `[vocab]`
 * @param probabilityOf returns a token's probability at temperature 1, if the executor has computed it
 */
export function candidatesOf(
  logits: Float32Array,
  request: CandidateRequest,
  probabilityOf?: (id: number) => number,
): Candidates {
  const bestId = bestIdOf(logits);
  const best = logits[bestId]!;
  const whole = probabilityOf === undefined ? totalWeight(logits, best, 1) : 1 / probabilityOf(bestId);
  const normaliser = best + Math.log(whole);
  if (!Number.isFinite(normaliser)) return { ids: [], logits: new Float32Array(0), normaliser, total: 0 };
  const { ids, total } = reachable(logits, best, request, whole);
  const enough = ids.length < request.least ? largest(logits, request.least) : ids;
  return { ids: enough, logits: Float32Array.from(enough, (id) => logits[id]!), normaliser, total };
}

/** Runs a request for candidates on an executor whose logits are in host memory. */
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
 * Returns the tokens that a draw can reach, most probable first, and the total weight of the tokens left by top-k. To
 * avoid sorting the vocabulary, it sorts only tokens within a distance of the best logit, and doubles that distance
 * until they contain the nucleus.
 * @param best the highest logit
 * @param whole the total weight at temperature 1, if known
 */
export function reachable(
  logits: Float32Array,
  best: number,
  { temperature, topK, topP, minP }: Omit<CandidateRequest, 'least'>,
  whole?: number,
): Pick<Candidates, 'ids' | 'total'> {
  // Logits that are NaN have no best one: the draw refuses them later.
  if (temperature === 0) return { ids: [Math.max(0, logits.indexOf(best))], total: 0 };
  const weightOfAll = (ids: readonly number[]): number => {
    let sum = 0;
    for (const id of ids) sum += weightOf(logits[id]!, best, temperature);
    return sum;
  };
  if (topK > 0 && topK < logits.length) {
    const ids = largest(logits, topK);
    return { ids, total: weightOfAll(ids) };
  }
  // The exponentials of all logits are most of a draw's cost, so reuse their sum if it is known.
  const total = temperature === 1 && whole !== undefined ? whole : totalWeight(logits, best, temperature);
  if (topP === 1 && minP === 0) return { ids: largest(logits, logits.length), total };

  for (let distance = minP > 0 ? -Math.log(minP) : 4; ; distance *= 2) {
    // Slightly more than the exact distance: for tokens on the edge, the draw decides by weight.
    const ids = atLeast(logits, best - distance * temperature * (1 + 1e-6) - 1e-6);
    if (minP > 0 || ids.length === logits.length || weightOfAll(ids) >= topP * total)
      return { ids: byScore(ids, logits), total };
  }
}

/** Returns e^((logit − best) / temperature). */
export function weightOf(logit: number, best: number, temperature: number): number {
  return Math.exp((logit - best) / temperature);
}

/** Returns Σ e^((logit − best) / temperature). */
function totalWeight(logits: Float32Array, best: number, temperature: number): number {
  let total = 0;
  for (let id = 0; id < logits.length; id++) total += Math.exp((logits[id]! - best) / temperature);
  return total;
}

/**
 * Returns log Σ e^logit.
 * @throws HoldfastError `E_EXECUTOR` if the logits contain NaN or +∞, or are all −∞
 */
export function logSumExp(logits: Float32Array): number {
  const best = bestOf(logits);
  const normaliser = best + Math.log(totalWeight(logits, best, 1));
  assertNormaliser(normaliser);
  return normaliser;
}

/**
 * Checks the log Σ e^logit of a row.
 * @throws HoldfastError `E_EXECUTOR` if it is not finite: such a row has no probabilities
 */
export function assertNormaliser(normaliser: number): void {
  if (Number.isFinite(normaliser)) return;
  throw new HoldfastError('E_EXECUTOR', 'the model returned logits that no token can be drawn from', {
    hint: "They contain NaN or infinity. Check the weights and the intervention's strength",
  });
}

/** Returns the highest logit. */
export function bestOf(logits: Float32Array): number {
  return logits[bestIdOf(logits)]!;
}

/** Returns the id of the highest logit, the lowest id among equals. */
function bestIdOf(logits: Float32Array): number {
  let best = 0;
  let highest = logits[0]!;
  for (let id = 1; id < logits.length; id++) {
    const logit = logits[id]!;
    if (logit > highest) [best, highest] = [id, logit];
  }
  return best;
}

/** Returns the ids whose logit is at least `lowest`. */
function atLeast(logits: Float32Array, lowest: number): number[] {
  const ids: number[] = [];
  for (let id = 0; id < logits.length; id++) if (logits[id]! >= lowest) ids.push(id);
  return ids;
}
