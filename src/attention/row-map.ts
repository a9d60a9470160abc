/**
 * π → min(max(boost_M(π^k), ψ), κ): one map that covers every policy. A policy sets some of its fields; the others
 * keep the value that changes nothing. Executors evaluate this map without knowing the policy.
 */
export interface RowMap {
  /** k of split-softmax: π^k. */
  readonly exponent: number;
  /** M of boost: Mπ / (Mπ + 1 − π). */
  readonly multiplier: number;
  /** ψ of floor: max(π, ψ). */
  readonly floor: number;
  /** κ of cap: min(π, κ). */
  readonly cap: number;
}

interface MapStep {
  /** The value that changes nothing. */
  readonly identity: number;
  readonly apply: (logShare: number, value: number) => number;
}

/** The fields, in the order in which they are applied to log π. */
const STEPS = {
  exponent: { identity: 1, apply: (logShare, k) => k * logShare },
  multiplier: {
    identity: 1,
    // log π′ = −softplus(−(logit π + log M)), which keeps 1 − π′ exact where π is almost 1.
    apply: (logShare, m) => (m === 1 ? logShare : -softplus(log1mExp(logShare) - logShare - Math.log(m))),
  },
  floor: { identity: 0, apply: (logShare, psi) => Math.max(logShare, Math.log(psi)) },
  cap: { identity: 1, apply: (logShare, kappa) => Math.min(logShare, Math.log(kappa)) },
} satisfies Record<keyof RowMap, MapStep>;

const FIELDS = Object.keys(STEPS) as readonly (keyof RowMap)[];

/** The map that changes nothing. */
export const IDENTITY_MAP: RowMap = {
  exponent: STEPS.exponent.identity,
  multiplier: STEPS.multiplier.identity,
  floor: STEPS.floor.identity,
  cap: STEPS.cap.identity,
};

/** Returns the map with these fields set and all others at their identity. */
export function rowMapOf(fields: Partial<RowMap>): RowMap {
  return { ...IDENTITY_MAP, ...fields };
}

/** Returns whether a map changes nothing: every field is at its identity. */
export function isIdentityMap(map: RowMap): boolean {
  return FIELDS.every((field) => map[field] === IDENTITY_MAP[field]);
}

/**
 * Returns log π′ for log π. Works on logarithms because π itself underflows: at a logit gap of 120, π is 0 in f32 while
 * π^0.01 is 0.3. A target with no weight (log π = −∞) keeps no weight.
 */
export function mapLogShare(logShare: number, map: RowMap): number {
  if (logShare === Number.NEGATIVE_INFINITY) return logShare;
  return FIELDS.reduce((mapped, field) => STEPS[field].apply(mapped, map[field]), Math.min(logShare, 0));
}

/** Returns π′ for π in [0, 1]; exactly π if the map does not change it. */
export function mapShareBy(map: RowMap, share: number): number {
  const logShare = Math.log(share);
  const mapped = mapLogShare(logShare, map);
  return mapped === logShare ? share : Math.exp(mapped);
}

/** ln(1 + e^x) = max(x, 0) + ln(1 + e^−|x|), which does not overflow. */
export function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}

/** log(1 − e^x) for x ≤ 0 without cancellation on either end (Mächler 2012). */
export function log1mExp(x: number): number {
  return x > -Math.LN2 ? Math.log(-Math.expm1(x)) : Math.log1p(-Math.exp(x));
}

/** Returns b = logit(π′) − logit(π): the same map, expressed as a bias on the target's logits. */
export function logitBias(logShare: number, map: RowMap): number {
  const mapped = mapLogShare(logShare, map);
  if (mapped === logShare) return 0;
  return mapped - log1mExp(mapped) - (logShare - log1mExp(logShare));
}
