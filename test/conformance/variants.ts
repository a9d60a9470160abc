import { it } from 'vitest';
import type { Intervention } from '../../src/executors/index.js';
import type { FamilyName } from '../support/families.js';
import { expectClose, spread } from './compare.js';
import {
  caseStrengths,
  GGUF_FIXTURES,
  golden,
  goldenFamily,
  goldenGguf,
  openFamily,
  openGgufFixture,
  pickRows,
  range,
} from './fixtures.js';
import { type CreateExecutor, createAndClose, type Extras, LOGITS, runChunks, SHARES } from './runs.js';

/** Variants of families that their own fixtures do not cover. */
export function variantSuite(create: CreateExecutor): void {
  it.each([
    // SmolLM3 with a list of layers without rope, and windows on them.
    ['smollm3-nope', 512],
    // Phi-3 in a context within the original length.
    ['phi3-short', 96],
  ] as const)('%s gives the golden logits and shares of every case', async (name, contextLength) => {
    const executor = await createAndClose(create, openFamily(name));
    const { ids, rows, cases } = golden(name);
    const tensor = await goldenFamily(name);
    const { layers, vocabSize } = executor.blueprint;
    const { heads } = layers[0]!.attention;
    const expectGolden = async (prefix: string, extras: Extras): Promise<void> => {
      const result = await runChunks(executor, executor.open(contextLength), ids, [40, 32], extras);
      const logits = await tensor(`${prefix}logits`);
      const recorded = pickRows(result.logits, rows, ids.length, vocabSize);
      expectClose(recorded, logits, LOGITS * spread(logits), `${prefix}logits`);
      if (extras.intervention === undefined) return;
      expectClose(result.before, await tensor(`${prefix}share_before`), SHARES, `${prefix}share_before`);
      expectClose(result.after, await tensor(`${prefix}share_after`), SHARES, `${prefix}share_after`);
    };
    await expectGolden('', {});
    for (const golden of cases) {
      const strength = caseStrengths(golden, layers.length, heads);
      const intervention = { target: [range(golden.target)], policy: golden.policy, strength };
      await expectGolden(`case${golden.case}.`, { intervention });
    }
    await executor.dispose();
  });
}

export function ggufSuite(create: CreateExecutor): void {
  it.each(GGUF_FIXTURES)('%s gives the golden logits, untouched and split', async (name) => {
    const executor = await createAndClose(create, openGgufFixture(name));
    const tensor = await goldenGguf(name);
    const { ids, rows } = golden(name.split('.')[0] as FamilyName);
    const strength = new Float32Array(
      executor.blueprint.layers.reduce((sum, layer) => sum + layer.attention.heads, 0),
    ).fill(0.5);
    const intervention: Intervention = {
      target: [{ start: 0, end: 18 }],
      policy: 'split-softmax',
      strength,
    };
    for (const [key, extras] of [
      ['logits', {}],
      ['split0.5.logits', { intervention }],
    ] as const) {
      const expected = await tensor(`${name}.gguf.${key}`);
      const { logits } = await runChunks(executor, executor.open(512), ids, [ids.length], extras);
      const recorded = pickRows(logits, rows, ids.length, executor.blueprint.vocabSize);
      expectClose(recorded, expected, LOGITS * spread(expected), `${name}.gguf.${key}`);
    }
    await executor.dispose();
  });
}
