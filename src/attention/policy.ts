import { HoldfastError } from '../errors.js';
import { isIdentityMap, mapLogShare, type RowMap, rowMapOf } from './row-map.js';

/** What a policy does, and which strengths it takes. */
interface PolicyRule {
  /** π′ as a formula of π and the strength's symbol. */
  readonly formula: string;
  /** The fields of the row map that the policy sets, at a strength in its range. */
  readonly map: (strength: number) => Partial<RowMap>;
  /** Whether π′ ≥ π at every strength. Executors then need the outputs of the target's keys alone. */
  readonly onlyRaises: boolean;
  readonly symbol: string;
  readonly minimum: number;
  readonly maximum: number;
  /** The strength that changes nothing; each end of the range is this one or the strongest. */
  readonly identity: number;
  readonly stronger: 'smaller' | 'larger';
  /** A strength that changes most shares visibly. Tests take it. */
  readonly example: number;
  /** Why a user says no strength for it; null where one does. */
  readonly noStrength: string | null;
  /** What it was called in files that still load. */
  readonly formerly: string | null;
  readonly source: string;
}

/** What most policies have in common: a user says a strength, and the name is the first one. */
const USUAL = { noStrength: null, formerly: null } as const;

/**
 * Share policies: maps π → π′ on the target's share of one attention row. This table is the one list of them: types,
 * checks, help texts, studies, executors and tests follow from it (docs/guide/add-a-policy.md).
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
    formula: 'max(π, π₁), π₁ the mean share of the head in the first answer',
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

export type Policy = keyof typeof RULES;

/** A policy that takes no strength: it changes nothing, or it measures its own. */
export type PolicyWithoutStrength = {
  [Name in Policy]: (typeof RULES)[Name]['noStrength'] extends null ? never : Name;
}[Policy];

/** A policy that needs a strength or a schedule. */
export type PolicyWithStrength = Exclude<Policy, PolicyWithoutStrength>;

/** What each policy does. */
export const POLICY_RULES: Readonly<Record<Policy, PolicyRule>> = RULES;

export const POLICIES = Object.keys(RULES) as readonly Policy[];

/** Policies whose strength a user says. */
export const POLICIES_WITH_STRENGTH = POLICIES.filter(takesStrength);

/** Whether a user gives the policy a strength. */
export function takesStrength(policy: Policy): policy is PolicyWithStrength {
  return POLICY_RULES[policy].noStrength === null;
}

/** The policy of this name, or of this former name; undefined where there is none. */
export function findPolicy(name: string): Policy | undefined {
  return POLICIES.find((policy) => policy === name || POLICY_RULES[policy].formerly === name);
}

/**
 * @param name as it is written today, or as it was in older files
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
 * What is wrong with giving a policy a strength (or a schedule), or none, in words; null where nothing is.
 * @param given whether a strength was given
 */
export function strengthProblem(policy: Policy, given: boolean): string | null {
  const { noStrength } = POLICY_RULES[policy];
  if (noStrength === null) return given ? null : `the policy ${policy} needs a strength or a schedule`;
  return given ? `the policy ${policy} takes no strength and no schedule: ${noStrength}` : null;
}

/** `k: 1 leaves the share alone, smaller is stronger`. */
export function strengthText(policy: Policy): string {
  const { symbol, identity, stronger } = POLICY_RULES[policy];
  return `${symbol}: ${identity} leaves the share alone, ${stronger} is stronger`;
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

/** A policy at a strength as the map that executors evaluate. */
export function rowMap(policy: Policy, strength: number): RowMap {
  return rowMapOf(POLICY_RULES[policy].map(strength));
}

/** Whether a strength leaves every row as it is. */
export function isIdentity(policy: Policy, strength: number): boolean {
  return isIdentityMap(rowMap(policy, strength));
}

/**
 * `k = 1 changes nothing`, where none of the strengths changes anything; null where one does. Such a policy is not asked
 * to act, so that nobody would hear of it otherwise.
 */
export function identityNotice(policy: Policy, strengths: readonly number[]): string | null {
  if (strengths.length === 0 || !strengths.every((strength) => isIdentity(policy, strength))) return null;
  return `${POLICY_RULES[policy].symbol} = ${strengths[0]} changes nothing`;
}

/** π′ of a row whose target has share π in [0, 1], beside a key outside; strength as the policy defines it. */
export function mapShare(policy: Policy, share: number, strength: number): number {
  const logShare = Math.log(share);
  const mapped = mapLogShare(logShare, rowMap(policy, strength));
  return mapped === logShare ? share : Math.exp(mapped);
}
