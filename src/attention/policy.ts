import { HoldfastError } from '../errors.js';

/**
 * Share policies: maps π → π′ on the target's share of one attention row.
 *
 * Weights inside the target are scaled by π′/π and those outside by (1−π′)/(1−π), so every row still sums to
 * one and the order within each side is untouched. All policies are monotone in π and keep 0 and 1.
 */

/** The policies an executor applies to a row. */
export type RowPolicy = 'off' | 'split-softmax' | 'boost' | 'floor';

/** The policies a user names; `pasta` and `hold` are a `boost` and a `floor` whose strengths are found otherwise. */
export type Policy = RowPolicy | 'pasta' | 'hold';

/** Every policy that a user can name. */
export const POLICIES: readonly Policy[] = ['off', 'split-softmax', 'boost', 'pasta', 'floor', 'hold'];

/** What a policy's strength means, and which values it may take. */
interface PolicyRule {
  readonly row: RowPolicy;
  readonly symbol: string;
  readonly minimum: number;
  readonly maximum: number;
  /** The strength that changes nothing. */
  readonly identity: number;
  /** The strength of `row` that this policy's strength amounts to. */
  readonly rowStrength: (strength: number) => number;
}

const same = (strength: number): number => strength;

/** Sources: split-softmax, Li et al. 2024 (arXiv 2402.10962); boost, InstABoost (2506.13734); pasta, PASTA (2311.02262); floor, Spotlight (2505.12025). */
export const POLICY_RULES: Readonly<Record<Policy, PolicyRule>> = {
  off: { row: 'off', symbol: '-', minimum: 0, maximum: Number.MAX_VALUE, identity: 1, rowStrength: same },
  'split-softmax': {
    row: 'split-softmax',
    symbol: 'k',
    minimum: 0,
    maximum: 1,
    identity: 1,
    rowStrength: same,
  },
  boost: { row: 'boost', symbol: 'M', minimum: 1, maximum: 1e6, identity: 1, rowStrength: same },
  pasta: {
    row: 'boost',
    symbol: 'α',
    minimum: 1e-6,
    maximum: 1,
    identity: 1,
    rowStrength: (alpha) => 1 / alpha,
  },
  floor: { row: 'floor', symbol: 'ψ', minimum: 0, maximum: 1, identity: 0, rowStrength: same },
  hold: { row: 'floor', symbol: 'π₁', minimum: 0, maximum: 1, identity: 0, rowStrength: same },
};

/** @throws HoldfastError `E_POLICY` for a name that is not a policy. */
export function parsePolicy(name: string): Policy {
  const policy = POLICIES.find((known) => known === name);
  if (policy === undefined) {
    throw new HoldfastError('E_POLICY', `"${name}" is not a policy`, {
      hint: `Known: ${POLICIES.join(', ')}`,
    });
  }
  return policy;
}

/**
 * @param where the head whose strength it is, where each has its own
 * @throws HoldfastError `E_STRENGTH` when the strength is outside the policy's range.
 */
export function checkStrength(
  policy: Policy,
  strength: number,
  where?: { readonly layer: number; readonly head: number },
): void {
  const { minimum, maximum, symbol } = POLICY_RULES[policy];
  if (!(strength >= minimum && strength <= maximum)) {
    throw new HoldfastError(
      'E_STRENGTH',
      `${where ? `layer ${where.layer}, head ${where.head}: ` : ''}${policy} takes ${symbol} from ${minimum} to ${maximum}, not ${strength}`,
    );
  }
}

/**
 * π → max(boost_M(π^k), ψ): one map that holds every row policy, each as the others' identity. Executors
 * evaluate this one and need not know which policy it came from.
 */
export interface RowMap {
  /** k of split-softmax; 1 changes nothing. */
  readonly exponent: number;
  /** M of boost; 1 changes nothing. */
  readonly multiplier: number;
  /** ψ of floor; 0 changes nothing. */
  readonly floor: number;
}

/** A row policy and its strength as a {@link RowMap}. */
export function rowMap(policy: RowPolicy, strength: number): RowMap {
  return {
    exponent: policy === 'split-softmax' ? strength : 1,
    multiplier: policy === 'boost' ? strength : 1,
    floor: policy === 'floor' ? strength : 0,
  };
}

/** Whether a strength leaves every row as it is. */
export function isIdentity(policy: RowPolicy, strength: number): boolean {
  return policy === 'off' || strength === POLICY_RULES[policy].identity;
}

/**
 * log π′ of a row whose target has log π. Works on logarithms because π itself underflows: at a logit gap of
 * 120, π is 0 in f32 while π^0.01 is 0.3.
 *
 *   split-softmax  log π′ = k·log π
 *   boost          log π′ = −softplus(−(logit π + log M)), which keeps 1 − π′ exact where π is almost 1
 *   floor          log π′ = max(log π, log ψ)
 */
export function mapLogShare(logShare: number, map: RowMap): number {
  if (logShare === Number.NEGATIVE_INFINITY || logShare >= 0) return logShare;
  const { exponent, multiplier, floor } = map;
  const powered = exponent * logShare;
  const boosted = multiplier === 1 ? powered : -softplus(log1mExp(powered) - powered - Math.log(multiplier));
  return Math.max(boosted, Math.log(floor));
}

/** π′ of a row whose target has share π in [0, 1]; strength as the policy defines it. */
export function mapShare(policy: RowPolicy, share: number, strength: number): number {
  if (isIdentity(policy, strength)) return share;
  return Math.exp(mapLogShare(Math.log(share), rowMap(policy, strength)));
}

/** ln(1 + e^x) = max(x, 0) + ln(1 + e^−|x|), which does not overflow. */
export function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}

/** log(1 − e^x) for x < 0 without cancellation on either end (Mächler 2012). */
export function log1mExp(x: number): number {
  return x > -Math.LN2 ? Math.log(-Math.expm1(x)) : Math.log1p(-Math.exp(x));
}

/** b = logit(π′) − logit(π): the same policy, written as a bias on the target's logits. */
export function logitBias(logShare: number, map: RowMap): number {
  if (logShare === Number.NEGATIVE_INFINITY || logShare >= 0) return 0;
  const mapped = mapLogShare(logShare, map);
  return mapped - log1mExp(mapped) - (logShare - log1mExp(logShare));
}
