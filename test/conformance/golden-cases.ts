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

/** Runs golden cases in passes of so many rows each, on the tokens that these add up to, and compares the results. */
export async function expectGoldenCases(
  family: FamilyName,
  create: CreateExecutor,
  cases: readonly GoldenCase[] = golden(family).cases,
  passes: readonly number[] = [65, 6, 1],
): Promise<void> {
  const executor = await createAndClose(create, openFamily(family));
  const model = golden(family);
  const tokenCount = passes.reduce((sum, rows) => sum + rows, 0);
  const ids = model.ids.slice(0, tokenCount);
  const rows = model.rows.filter((row) => row < tokenCount);
  const tensor = await goldenFamily(family);
  const { layers, vocabSize } = executor.blueprint;
  const { heads } = layers[0]!.attention;
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
    let from = 0;
    for (const size of passes) {
      const tokens = ids.slice(from, from + size);
      const request = { sequence, tokens, logits: 'all' as const, intervention };
      const [result] = await executor.forward([request]);
      const first = from;
      const what = `case ${golden.case}, rows from ${first}`;
      found.set(result!.logits, from * vocabSize);
      const expectedShares = Float32Array.from(result!.targetShares!.after, (_, index) => {
        const pair = Math.floor(index / size);
        return shares[pair * model.ids.length + first + (index % size)]!;
      });
      expectClose(result!.targetShares!.after, expectedShares, 1e-4, `${what}: shares`);
      from += size;
    }
    const recorded = pickRows(found, rows, ids.length, vocabSize);
    const expected = logits.subarray(0, recorded.length);
    expectClose(recorded, expected, 1e-3 * spread(logits), `case ${golden.case}: logits`);
    sequence.dispose();
  }
  await executor.dispose();
}
