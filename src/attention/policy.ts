import { HoldfastError } from '../errors.js';
import { isIdentityMap, mapShareBy, type RowMap, rowMapOf } from './row-map.js';

/** What a policy does, and the strengths it takes. */
export interface PolicyRule {
  /** π′ as a formula of π and the strength's symbol. */
  readonly formula: string;
  /** Returns the fields of the row map that the policy sets, for a strength in its range. */
  readonly map: (strength: number) => Partial<RowMap>;
  /** Whether π′ ≥ π at every strength. If so, executors need only the outputs of the target's keys. */
  readonly onlyRaises: boolean;
  readonly symbol: string;
  readonly minimum: number;
  readonly maximum: number;
  /** The strength that changes nothing. It is one end of the range; the other end is the strongest. */
  readonly identity: number;
  readonly stronger: 'smaller' | 'larger';
  /** A strength that clearly changes most shares, among them a share of 0.25; used by tests. */
  readonly example: number;
  /** Why the user cannot give a strength; null if a strength is required. */
  readonly noStrength: string | null;
  /** Former name, still accepted in old files; null if there is none. */
  readonly formerly: string | null;
  readonly source: string;
}

/** Defaults that most policies share: the user gives a strength, and there is no former name. */
const USUAL = { noStrength: null, formerly: null } as const;

/**
 * Share policies: maps π → π′ of the target's share of one attention row. This table is the only list of policies:
 * types, checks, help texts, studies, executors and tests are derived from it (docs/guide/add-a-policy.md).
 *
 * Weights inside the target are scaled by π′/π and those outside by (1−π′)/(1−π), so every row still sums to one and
 * the order within each side is kept. Every map is monotone in π.
 */
const RULES = {
  off: {
    ...USUAL,
    formula: 'π',
    map: () => ({}),
    onlyRaises: true,
    symbol: '-',
    minimum: 0,
    maximum: 1,
    identity: 1,
    stronger: 'smaller',
    example: 1,
    noStrength: 'it changes nothing',
    source: '',
  },
  'split-softmax': {
    ...USUAL,
    formula: 'π^k',
    map: (k) => ({ exponent: k }),
    onlyRaises: true,
    symbol: 'k',
    minimum: 0,
    maximum: 1,
    identity: 1,
    stronger: 'smaller',
    example: 0.4,
    source: 'Li et al. 2024, arXiv 2402.10962',
  },
  boost: {
    ...USUAL,
    formula: 'Mπ / (Mπ + 1 − π)',
    map: (m) => ({ multiplier: m }),
    onlyRaises: true,
    symbol: 'M',
    minimum: 1,
    maximum: 1e6,
    identity: 1,
    stronger: 'larger',
    example: 3,
    source: 'InstABoost, arXiv 2506.13734',
  },
  pasta: {
    ...USUAL,
    formula: 'boost with M = 1/α',
    map: (alpha) => ({ multiplier: 1 / alpha }),
    onlyRaises: true,
    symbol: 'α',
    minimum: 1e-6,
    maximum: 1,
    identity: 1,
    stronger: 'smaller',
    example: 0.3,
    source: 'PASTA, arXiv 2311.02262',
  },
  floor: {
    ...USUAL,
    formula: 'max(π, ψ)',
    map: (psi) => ({ floor: psi }),
    onlyRaises: true,
    symbol: 'ψ',
    minimum: 0,
    maximum: 1,
    identity: 0,
    stronger: 'larger',
    example: 0.3,
    source: 'Spotlight, arXiv 2505.12025',
  },
  sustain: {
    formula: 'max(π, π₁), π₁ = mean share of the head in the first answer',
    map: (first) => ({ floor: first }),
    onlyRaises: true,
    symbol: 'π₁',
    minimum: 0,
    maximum: 1,
    identity: 0,
    stronger: 'larger',
    example: 0.3,
    noStrength: 'it measures its own strength in the first answer',
    formerly: 'hold',
    source: 'ours: a closed loop',
  },
  cap: {
    ...USUAL,
    formula: 'min(π, κ)',
    map: (kappa) => ({ cap: kappa }),
    onlyRaises: false,
    symbol: 'κ',
    minimum: 0,
    maximum: 1,
    identity: 1,
    stronger: 'smaller',
    example: 0.2,
    source: 'ours: the control that lowers',
  },
} satisfies Record<string, PolicyRule>;

/** The name of a policy. */
export type Policy = keyof typeof RULES;

/** A policy that takes no strength: it either changes nothing or measures its own strength. */
export type PolicyWithoutStrength = {
  [Name in Policy]: (typeof RULES)[Name]['noStrength'] extends null ? never : Name;
}[Policy];

/** A policy that needs a strength or a schedule. */
export type PolicyWithStrength = Exclude<Policy, PolicyWithoutStrength>;

/** The rule of each policy: its formula, its range of strengths and its source. */
export const POLICY_RULES: Readonly<Record<Policy, PolicyRule>> = RULES;

/** The names of all policies, in the order of the table. */
export const POLICIES = Object.keys(RULES) as readonly Policy[];

/** The policies that need a strength or a schedule. */
export const POLICIES_WITH_STRENGTH = POLICIES.filter(takesStrength);

/** Returns whether the policy needs a strength or a schedule. */
export function takesStrength(policy: Policy): policy is PolicyWithStrength {
  return POLICY_RULES[policy].noStrength === null;
}

/** Returns the policy with this name or former name; undefined if there is none. */
export function findPolicy(name: string): Policy | undefined {
  return POLICIES.find((policy) => policy === name || POLICY_RULES[policy].formerly === name);
}

/**
 * Returns the policy with this name.
 * @param name its current name, or its former name from an older file
 * @throws HoldfastError `E_POLICY` for a name that is not a policy
 */
export function parsePolicy(name: string): Policy {
  const policy = findPolicy(name);
  if (policy === undefined) {
    throw new HoldfastError('E_POLICY', `"${name}" is not a policy`, {
      hint: `Known: ${POLICIES.join(', ')}`,
    });
  }
  return policy;
}

/**
 * Returns the notice that a name is the former name of a policy, else null: `the policy hold is now called sustain`.
 * The notice says what `--hold` is, because that flag has the former name of `sustain`.
 */
export function renamedNotice(name: string): string | null {
  const policy = findPolicy(name);
  if (policy === undefined || policy === name) return null;
  return `the policy ${name} is now called ${policy}; --hold is split-softmax`;
}

/**
 * Returns why the policy cannot be used with (or without) a strength, as text; null if it can.
 * @param given whether a strength or a schedule was given
 */
export function strengthProblem(policy: Policy, given: boolean): string | null {
  const { noStrength } = POLICY_RULES[policy];
  if (noStrength === null) return given ? null : `the policy ${policy} needs a strength or a schedule`;
  return given ? `the policy ${policy} takes no strength or schedule: ${noStrength}` : null;
}

/** Returns which strength changes nothing and which way is stronger: `k: 1 leaves the share alone, smaller is stronger`. */
export function strengthText(policy: Policy): string {
  const { symbol, identity, stronger } = POLICY_RULES[policy];
  return `${symbol}: ${identity} leaves the share alone, ${stronger} is stronger`;
}

/**
 * Checks that a strength is in the policy's range.
 * @param where the head that the strength belongs to, if heads have different strengths
 * @throws HoldfastError `E_STRENGTH` when it is out of range
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

/** Returns the map that executors evaluate for a policy at a strength. */
export function rowMap(policy: Policy, strength: number): RowMap {
  return rowMapOf(POLICY_RULES[policy].map(strength));
}

/** Returns whether the policy changes nothing at this strength. */
export function isIdentity(policy: Policy, strength: number): boolean {
  return isIdentityMap(rowMap(policy, strength));
}

/**
 * Returns a notice such as `k = 1 changes nothing` if none of the strengths changes anything, else null. The notice is
 * needed because such a policy raises no error: it is never asked to act.
 */
export function identityNotice(policy: Policy, strengths: readonly number[]): string | null {
  if (strengths.length === 0 || !strengths.every((strength) => isIdentity(policy, strength))) return null;
  return `${POLICY_RULES[policy].symbol} = ${strengths[0]} changes nothing`;
}

/** Returns π′ for a row whose target has share π in [0, 1]. The row must see at least one key outside the target. */
export function mapShare(policy: Policy, share: number, strength: number): number {
  return mapShareBy(rowMap(policy, strength), share);
}
