import {
  POLICIES_WITH_STRENGTH,
  POLICY_RULES,
  type Policy,
  type PolicyWithStrength,
} from '../../src/attention/index.js';

/** A policy and a strength of it. */
export type PolicyCase = readonly [policy: Policy, strength: number];

/** The policies that differ for an executor: of several that set the same fields of the row map, the first. */
const DISTINCT = POLICIES_WITH_STRENGTH.filter((policy, index) => {
  const fieldsOf = (each: Policy): string => Object.keys(POLICY_RULES[each].map(1)).join();
  return POLICIES_WITH_STRENGTH.findIndex((each) => fieldsOf(each) === fieldsOf(policy)) === index;
});

const casesAt = (
  strengthOf: (rule: (typeof POLICY_RULES)[Policy]) => number,
): readonly (readonly [PolicyWithStrength, number])[] =>
  DISTINCT.map((policy) => [policy, strengthOf(POLICY_RULES[policy])]);

/** Each at a strength that changes most shares. */
export const EXAMPLES = casesAt(({ example }) => example);

/** Each at the strength that changes nothing; `off` changes nothing whatever is said beside it. */
export const IDENTITIES: readonly PolicyCase[] = [['off', 0.5], ...casesAt(({ identity }) => identity)];

/** Each at its strongest. */
export const EXTREMES = casesAt(({ stronger, minimum, maximum }) =>
  stronger === 'smaller' ? minimum : maximum,
);
