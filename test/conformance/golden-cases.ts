import type { FamilyName } from '../support/families.js';
import { expectClose, spread } from './compare.js';
import {
  caseStrengths,
  type GoldenCase,
  golden,
  goldenFamily,
  openFamily,
  pickRows,
  range,
} from './fixtures.js';
import { type CreateExecutor, createAndClose } from './runs.js';

/** Runs golden cases in three passes (64 rows, a single row, the rest) and compares the results. */
export async function expectGoldenCases(
  family: FamilyName,
  create: CreateExecutor,
  cases: readonly GoldenCase[] = golden(family).cases,
): Promise<void> {
  const executor = await createAndClose(create, openFamily(family));
  const { ids, rows } = golden(family);
  const tensor = await goldenFamily(family);
  const { layers, vocabSize } = executor.blueprint;
  const { heads } = layers[0]!.attention;
  const cuts = [0, 65, ids.length];
  for (const golden of cases) {
    const intervention = {
      target: [range(golden.target)],
      policy: golden.policy,
      strength: caseStrengths(golden, layers.length, heads),
    };
    const sequence = executor.open(128);
    const logits = await tensor(`case${golden.case}.logits`);
    const shares = await tensor(`case${golden.case}.share_after`);
    const found = new Float32Array(ids.length * vocabSize);
    for (const [part, from] of cuts.slice(0, -1).entries()) {
      const to = cuts[part + 1]!;
      const tokens = ids.slice(from, to);
      const request = { sequence, tokens, logits: 'all' as const, intervention };
      const [result] = await executor.forward([request]);
      const what = `case ${golden.case}, rows from ${from}`;
      found.set(result!.logits, from * vocabSize);
      const expectedShares = Float32Array.from(result!.targetShares!.after, (_, index) => {
        const pair = Math.floor(index / tokens.length);
        return shares[pair * ids.length + from + (index % tokens.length)]!;
      });
      expectClose(result!.targetShares!.after, expectedShares, 1e-4, `${what}: shares`);
    }
    const recorded = pickRows(found, rows, ids.length, vocabSize);
    expectClose(recorded, logits, 1e-3 * spread(logits), `case ${golden.case}: logits`);
    sequence.dispose();
  }
  await executor.dispose();
}
