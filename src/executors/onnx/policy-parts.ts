import { IDENTITY_MAP, type RowMap } from '../../attention/index.js';

const same = (value: number): number => value;

/** The graph's input for each field of a row map. Omitting a field is a compile error. */
const MAP_PARTS = {
  exponent: { exponent: same },
  // boost_M(π) = π / (π·(1 − 1/M) + 1/M), which is π to the last bit at M = 1
  multiplier: { boostSlope: (m: number) => 1 - 1 / m, boostBase: (m: number) => 1 / m },
  floor: { floor: same },
  cap: { cap: same },
} satisfies Record<keyof RowMap, Record<string, (value: number) => number>>;

type PartsOf<Table> = { [Field in keyof Table]: keyof Table[Field] }[keyof Table] & string;

/** A part of the graph's input `policy`; `gain` is what a head's output is multiplied by, 0 for a silenced head. */
export type PolicyPart = PartsOf<typeof MAP_PARTS> | 'gain';

const FED = (Object.keys(MAP_PARTS) as readonly (keyof RowMap)[]).flatMap((field) =>
  Object.entries(MAP_PARTS[field]).map(([part, of]) => ({ part: part as PolicyPart, field, of })),
);

/** The parts in their order in the input. */
export const POLICY_PARTS: readonly PolicyPart[] = [...FED.map(({ part }) => part), 'gain'];

/** Returns the numbers of a map in the order of {@link POLICY_PARTS}, without the gain. */
export function mapNumbers(map: RowMap): readonly number[] {
  return FED.map(({ field, of }) => of(map[field]));
}

export const IDENTITY_NUMBERS = mapNumbers(IDENTITY_MAP);
