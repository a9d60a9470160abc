import { POLICY_RULES, type Policy, type RowMap, rowMap } from '../../attention/index.js';
import type { ForwardRequest } from '../contract/index.js';

/** A number for each head that the graph reads. */
export type PolicyPart = 'exponent' | 'slope' | 'base' | 'logFloor' | 'logCap';

/** Stands for log 0: so low that nothing is below it, yet its sums and differences are finite. */
const LOG_ZERO = -1e30;

const logOf = (value: number): number => Math.max(LOG_ZERO, Math.log(value));

/** The graph's numbers for each field of a row map. Omitting a field is a compile error. */
const PARTS_OF_FIELD = {
  exponent: { exponent: (k) => k },
  multiplier: { slope: (m) => 1 - 1 / m, base: (m) => 1 / m },
  floor: { logFloor: logOf },
  cap: { logCap: logOf },
} satisfies Record<keyof RowMap, Partial<Record<PolicyPart, (value: number) => number>>>;

const FIELD_OF_PART = new Map(
  (Object.keys(PARTS_OF_FIELD) as (keyof RowMap)[]).flatMap((field) =>
    Object.entries<(value: number) => number>(PARTS_OF_FIELD[field]).map(
      ([part, of]) => [part as PolicyPart, { field, of }] as const,
    ),
  ),
);

/** The parts in the order in which the graph's input holds them. */
export const POLICY_PARTS: readonly PolicyPart[] = [...FIELD_OF_PART.keys()];

/** The parts that a policy can set to something else than its identity. */
export function partsOf(policy: Policy): readonly PolicyPart[] {
  const fields = Object.keys(POLICY_RULES[policy].map(POLICY_RULES[policy].example));
  return [...FIELD_OF_PART].filter(([, { field }]) => fields.includes(field)).map(([part]) => part);
}

/** Returns the number of a map for a part. */
export function partOfMap(part: PolicyPart, map: RowMap): number {
  const { field, of } = FIELD_OF_PART.get(part)!;
  return of(map[field]);
}

/** The least exponent at which a share that is too small for a float becomes one that is far from all shares that count. */
const LEAST_EXPONENT = 0.2;

/** What a request needs for shares that are too small for a float. */
export interface SmallShares {
  /** Whether they become shares that differ: then log π is computed from scores. */
  readonly steep: boolean;
  /** Whether they become shares that matter, and spans are wanted: then they do not tell the target's parts. */
  readonly fractions: boolean;
}

/** Finds what a request needs. Heads mostly have the same strength, which is looked at once. */
export function smallSharesOf({ intervention, spans }: ForwardRequest): SmallShares {
  let [steep, revived] = [false, false];
  for (const strength of new Set(intervention?.strength)) {
    const { exponent, floor } = rowMap(intervention!.policy, strength);
    steep ||= exponent < LEAST_EXPONENT;
    revived ||= exponent < LEAST_EXPONENT || floor > 0;
  }
  return { steep, fractions: revived && spans !== undefined };
}
