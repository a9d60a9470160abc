import { holm, pairedPermutation, type Score, skewedMeanTest } from '../statistics/index.js';
import type { Inference } from './inference.js';

/** The p-values of a test, two-sided. */
export interface PValues {
  readonly p: number;
  /** Of a second test that an effect must pass too; NaN if it is undefined. */
  readonly pMean?: number;
}

/** The p-values of a difference, two-sided. */
export interface Tested {
  /** Of the paired permutation test. Its null hypothesis is the sharp one: both arms do the same in every dialogue. */
  readonly p: number;
  /** Of the studentised test that the mean difference is zero; NaN if the differences do not vary. */
  readonly pMean: number;
  /** The larger of the two after Holm's correction over the family: an effect counts if both tests find it. */
  readonly pHolm: number;
}

/** How the tests of one kind are made, and which of them are corrected together. */
export interface FamilyTest<Item, P extends PValues> {
  /** Returns the name of an item's family; null for an item that is no test. */
  readonly familyOf: (item: Item) => string | null;
  /** Returns the p-values of an item; NaN for what cannot be told, which is no test and is not counted as one. */
  readonly test: (item: Item, permutations: number) => P;
}

/**
 * Tests items of all slices, `[slices][items]`, and corrects each family over all slices by itself (Holm). What is tested
 * together must be one family: a correction covers no other tests.
 * @returns p-values in the places of the items; null for an item that is no test, a NaN `pHolm` for what cannot be told
 */
export function testFamilies<Item, P extends PValues>(
  items: readonly (readonly Item[])[],
  { familyOf, test }: FamilyTest<Item, P>,
  { permutationsFor }: Inference,
): ((P & { readonly pHolm: number }) | null)[][] {
  const all = items.flat();
  const results = all.map((): (P & { readonly pHolm: number }) | null => null);
  const families = all.map(familyOf);
  for (const family of new Set(families)) {
    if (family === null) continue;
    const own = [...all.keys()].filter((at) => families[at] === family);
    const permutations = permutationsFor(own.length);
    const tested = own.map((at) => ({ at, ps: test(all[at]!, permutations) }));
    const told = tested.filter(({ ps }) => !Number.isNaN(largerP(ps)));
    const corrected = holm(told.map(({ ps }) => largerP(ps)));
    for (const { at, ps } of tested) results[at] = { ...ps, pHolm: Number.NaN };
    for (const [place, { at, ps }] of told.entries()) results[at] = { ...ps, pHolm: corrected[place]! };
  }
  let next = 0;
  return items.map((ofSlice) => ofSlice.map(() => results[next++]!));
}

/** Tests the differences of clusters between two arms, by exchanges and for the mean. */
export function testDifferences(
  differences: readonly Score[],
  permutations: number,
): Pick<Tested, 'p' | 'pMean'> {
  return { p: pairedPermutation(differences, { permutations }), pMean: skewedMeanTest(differences) };
}

/** Returns the larger p of the two tests: the first if the other is undefined. */
export function largerP({ p, pMean = Number.NaN }: PValues): number {
  return Number.isNaN(pMean) ? p : Math.max(p, pMean);
}
