import {
  POLICIES_WITH_STRENGTH,
  POLICY_RULES,
  type Policy,
  type PolicyWithStrength,
} from '../../src/attention/index.js';

/** A policy and one of its strengths. */
export type PolicyCase = readonly [policy: Policy, strength: number];

/** The policies that an executor can distinguish: one for each set of fields of the row map. */
const DISTINCT = POLICIES_WITH_STRENGTH.filter((policy, index) => {
  const fieldsOf = (each: Policy): string => Object.keys(POLICY_RULES[each].map(1)).join();
  return POLICIES_WITH_STRENGTH.findIndex((each) => fieldsOf(each) === fieldsOf(policy)) === index;
});

const casesAt = (
  strengthOf: (rule: (typeof POLICY_RULES)[Policy]) => number,
): readonly (readonly [PolicyWithStrength, number])[] =>
  DISTINCT.map((policy) => [policy, strengthOf(POLICY_RULES[policy])]);

/** Each policy at a strength that changes most shares. */
export const EXAMPLES = casesAt(({ example }) => example);

/** Each policy at its identity, and `off`, which changes nothing at any strength. */
export const IDENTITIES: readonly PolicyCase[] = [['off', 0.5], ...casesAt(({ identity }) => identity)];

/** Each policy at its strongest. */
export const EXTREMES = casesAt(({ stronger, minimum, maximum }) =>
  stronger === 'smaller' ? minimum : maximum,
);
