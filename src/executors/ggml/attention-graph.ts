import { type Attend, partOf, type Side, type Stretch } from './attention-kernels.js';
import type { GraphBuilder } from './graph-builder.js';
import type { PolicyPart } from './policy-parts.js';
import type { Value } from './tensor.js';

/**
 * The share policy of one layer for a group of rows, as a graph. π is the target's share of a row, before the policy:
 *
 *   a = softmax(q·K + mask)                    over all keys of the row
 *   t = softmax(q·K + mask of the target)      over the target's keys alone, r likewise over the rest
 *   π = Σ_target a,  L = log π,  L′ = log π′
 *   raised, π′ ≥ π:  out = V·a + c·(V·t − V·a),  c = (π′ − π) / (1 − π) = (e^L − e^L′) / (e^L − 1)
 *   lowered, π′ < π: out = V·a + c·(V·r − V·a),  c = (π − π′) / π = 1 − e^(L′ − L)
 *
 * Both equal π′·V·t + (1−π′)·V·r, and 0 ≤ c ≤ 1, so that nothing cancels. Each step of the policy adds to L a number
 * that is exactly 0 at its identity. Then L′ = L, c = 0, and the result is V·a, the untouched model, bit for bit.
 *
 * `attention-kernels.ts` computes the three softmaxes and their products.
 */

/** What a group's attention reads: inputs of the graph, for the keys that its layers see. */
export interface AttentionInputs {
  /** Added to scores: causality, and the window. `[keys, rows, 1, sequences]`, F16 */
  readonly mask: Value;
  /** Whether shares of the columns are wanted. */
  readonly measured: boolean;
  /** What a policy needs besides; null if the group has none. */
  readonly policy: PolicyInputs | null;
  /** What each head's output is multiplied by, 0 for a silenced head; null if no head is silenced. */
  readonly gain: Value | null;
}

export interface PolicyInputs {
  /** Keeps only the target's keys, `[target keys, rows, 1, sequences]`; null if no policy raises. */
  readonly target: Value | null;
  /** First and number of keys of the stretch that holds the target, among the group's keys. */
  readonly stretch: Stretch;
  /** Keeps only the rest's keys, `[keys, rows, 1, sequences]`; null if no policy lowers. */
  readonly rest: Value | null;
  /** 1 for rows that see both sides, `[1, tokens]`; null for groups of one token, whose numbers say it. */
  readonly mixed: Value | null;
  /** Whether log π is computed from scores, where π itself underflows. */
  readonly steep: boolean;
  /** Whether the target's columns are wanted as fractions of the target. */
  readonly fractions: boolean;
  /** The policy's numbers for each head of this layer. */
  readonly numbers: Readonly<Partial<Record<PolicyPart, Value>>>;
}

export interface Attended {
  /** `[headDim, rows, heads, sequences]` */
  readonly output: Value;
  /** Shares of the columns before the policy, `[columns, rows, heads, sequences]`. */
  readonly shares: Value | null;
  /** The columns' shares of t, where π may underflow, and of r: null where the others tell them. */
  readonly targetShares: Value | null;
  readonly restShares: Value | null;
  /** π and π′, each `[1, rows, heads, sequences]`. */
  readonly before: Value | null;
  readonly after: Value | null;
  /** a, t and r; null if the kernel does not keep them. */
  readonly weights: Value | null;
  readonly targetWeights: Value | null;
  readonly restWeights: Value | null;
}

/** The least share that the weights tell exactly, and the greatest that is used: 1 would make c = 0/0. */
const LEAST_SHARE = 1e-30;
const GREATEST_SHARE = 1 - 1e-6;

/** @param over computes attention over a side of the group's keys */
export function applyPolicy(
  g: GraphBuilder,
  over: Attend,
  { mask, measured, policy, gain }: AttentionInputs,
): Attended {
  const silenced = (output: Value): Value => (gain === null ? output : g.multiply(output, gain));
  const all = over(mask, null, measured);
  const { shares, weights } = all;
  if (policy === null || shares === null) {
    const none = { targetShares: null, restShares: null, targetWeights: null, restWeights: null };
    return { output: silenced(all.output), shares, weights, before: null, after: null, ...none };
  }

  const target = policy.target === null ? null : over(policy.target, policy.stretch, policy.fractions);
  const share = g.clamp(partOf(g, shares, 0, 1), LEAST_SHARE, GREATEST_SHARE);
  let logShare = g.log(share);
  if (policy.steep && target !== null) {
    // Below the least share, the rest of the distance is that of the scores.
    const distance = g.subtract(logSum(g, target), logSum(g, all));
    logShare = g.subtract(logShare, g.relu(g.scale(distance, -1, Math.log(LEAST_SHARE))));
  }
  const logMapped = onlyMixed(g, mapped(g, logShare, policy.numbers), logShare, policy.mixed);
  const before = g.exp(logShare);
  const after = g.exp(logMapped);

  let { output } = all;
  if (target !== null) {
    const change = g.divide(g.subtract(before, after), g.expm1(logShare));
    const raised = policy.rest === null ? change : g.relu(change);
    output = g.add(output, g.multiply(g.subtract(target.output, all.output), raised));
  }
  let rest: Side | null = null;
  if (policy.rest !== null) {
    rest = over(policy.rest, null, true);
    const lowered = g.expm1(g.scale(g.relu(g.subtract(logShare, logMapped)), -1));
    output = g.add(output, g.multiply(g.subtract(all.output, rest.output), lowered));
  }
  return {
    output: silenced(output),
    ...{ shares, weights, before, after },
    targetShares: target?.shares ?? null,
    restShares: rest?.shares ?? null,
    targetWeights: target?.weights ?? null,
    restWeights: rest?.weights ?? null,
  };
}

/** L → L′ for π → min(max(boost_M(π^k), ψ), κ). Every step is the identity at its identity, to the last bit. */
function mapped(g: GraphBuilder, logShare: Value, numbers: PolicyInputs['numbers']): Value {
  const { exponent, slope, base, logFloor, logCap } = numbers;
  let log = logShare;
  if (exponent !== undefined) log = g.multiply(log, exponent);
  // log boost_M(x) = log x − log(1/M + (1 − 1/M)·x)
  if (slope !== undefined && base !== undefined) {
    log = g.subtract(log, g.log(g.add(g.multiply(g.exp(log), slope), base)));
  }
  // max(x, y) = x + relu(y − x)
  if (logFloor !== undefined) log = g.add(log, g.relu(g.add(g.scale(log, -1), logFloor)));
  if (logCap !== undefined) log = g.subtract(log, g.relu(g.subtract(log, logCap)));
  return log;
}

/** Leaves rows alone that see only one side. */
function onlyMixed(g: GraphBuilder, mapped: Value, log: Value, mixed: Value | null): Value {
  return mixed === null ? mapped : g.add(g.multiply(g.subtract(mapped, log), mixed), log);
}

/**
 * log Σ e^score of each row of a side: the largest score minus the logarithm of its weight, the one weight that is never
 * too small for a float.
 */
function logSum(g: GraphBuilder, { scores, weights }: Side): Value {
  if (scores === null || weights === null) throw new Error('this kernel keeps no scores');
  const [keys, rows, heads, sequences] = weights.shape;
  const all = rows * heads * sequences;
  const best = g.reshape(g.argmax(g.reshape(weights, keys, all)), 1, all);
  const pick = (values: Value): Value =>
    g.reshape(g.getRows(g.reshape(values, 1, keys, all), best), 1, rows, heads, sequences);
  return g.subtract(g.scale(pick(scores.values), scores.factor), g.log(pick(weights)));
}
