import { expect } from 'vitest';
import { expectClose, spread } from '../conformance/compare.js';
import { golden, goldenFamily, pickRows } from '../conformance/fixtures.js';
import type { FamilyName } from '../support/families.js';

/** Results of `golden-run.js` for the golden ids, as plain numbers. */
export interface GoldenRun {
  readonly logits: number[];
  readonly shares: number[];
  readonly greedy: number[];
  readonly words: string;
}

const STEPS = 16;

/** Returns a run for `golden-run.js`: the golden case of split-softmax 0.5 on `[0, 18)`. */
export function goldenRunOf(family: FamilyName, folder: string) {
  const { ids, cases } = golden(family);
  const { target, strength } = cases[0]!;
  return { folder, ids, target, strength, steps: STEPS };
}

/** Expects the golden logits and shares of that case, and the golden continuation of the untouched model. */
export async function expectGoldenRun(
  { logits, shares, greedy, words }: GoldenRun,
  family: FamilyName,
): Promise<void> {
  const { ids, rows, greedy: continued } = golden(family);
  const tensor = await goldenFamily(family);
  const expected = await tensor('case0.logits');
  const recorded = pickRows(Float32Array.from(logits), rows, ids.length, expected.length / rows.length);
  expectClose(recorded, expected, 1e-3 * spread(expected), `${family}: logits`);
  expectClose(shares, await tensor('case0.share_after'), 1e-4, `${family}: shares`);
  expect(greedy, family).toEqual(continued.off.slice(0, STEPS));
  expect(words, family).toBe('a browser');
}
