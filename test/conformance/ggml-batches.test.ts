import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ModelPlan } from '../../src/architectures/index.js';
import type { TokenRange } from '../../src/attention/index.js';
import { createGgmlExecutor } from '../../src/executors/ggml/index.js';
import type { Executor, ForwardRequest, ForwardResult, Sequence } from '../../src/executors/index.js';
import { BLOCK_LAYOUTS, type Checkpoint, type TensorType } from '../../src/formats/index.js';
import { mixedModel } from '../support/mixed-model.js';
import { EXAMPLES, EXTREMES } from '../support/policy-cases.js';
import { randomModel } from '../support/random-model.js';
import { openFamily } from './fixtures.js';

/**
 * What a sequence gets does not depend on the company that it runs in: a list of requests, calls at the same time, and
 * others that are aborted or disposed of meanwhile give the bits that each has alone, if the executor is opened as batch
 * invariant.
 */

/** What a dialogue does in one of its turns, beside the sequence. */
type Turn = Omit<ForwardRequest, 'sequence'>;

const CONTEXT = 160;

const ranges: fc.Arbitrary<readonly TokenRange[]> = fc
  .uniqueArray(fc.nat(CONTEXT), { minLength: 2, maxLength: 6 })
  .map((borders) => {
    const sorted = borders.sort((a, b) => a - b);
    return sorted.slice(1).map((end, i) => ({ start: sorted[i]!, end }));
  });

/** @returns turns of a dialogue on a model: a prompt, then mostly single tokens */
function dialogues({ blueprint: { layers, vocabSize } }: ModelPlan): fc.Arbitrary<readonly Turn[]> {
  const { heads } = layers[0]!.attention;
  const pairs = layers.length * heads;
  const some = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
  const extras = fc.record({
    policy: some(fc.tuple(fc.constantFrom(...EXAMPLES, ...EXTREMES), ranges, fc.nat(pairs))),
    spans: some(ranges),
    silenced: some(fc.uniqueArray(fc.nat(pairs - 1), { maxLength: 3 })),
    tapped: some(fc.nat(layers.length - 1)),
    logits: fc.constantFrom('last' as const, 'all' as const, 'none' as const),
  });
  const tokens = (most: number) => fc.array(fc.nat(vocabSize - 1), { minLength: 1, maxLength: most });
  const turn = fc.oneof({ arbitrary: tokens(1), weight: 4 }, { arbitrary: tokens(9), weight: 1 });
  return fc
    .tuple(extras, fc.tuple(tokens(70), fc.array(turn, { minLength: 1, maxLength: 4 })))
    .map(([{ policy, spans, silenced, tapped, logits }, [prompt, turns]]) =>
      [prompt, ...turns].map((tokens) => ({
        tokens,
        logits,
        ...(policy && {
          intervention: {
            policy: policy[0][0],
            target: policy[1],
            // Half of the heads have the policy's strength, the others one that is a little nearer to none.
            strength: Float32Array.from(
              { length: pairs },
              (_, pair) => policy[0][1] * (pair < policy[2] ? 1 : 0.75),
            ),
          },
        }),
        ...(spans && { spans }),
        ...(silenced && {
          silenced: Uint8Array.from({ length: pairs }, (_, pair) => (silenced.includes(pair) ? 1 : 0)),
        }),
        ...(tapped !== undefined && { taps: { attention: [tapped], hidden: [tapped + 1] } }),
      })),
    );
}

/** All numbers of a result as bytes. */
function bytesOf({ logits, spanShares, targetShares, attention, hidden }: ForwardResult): Buffer {
  const all = [
    logits,
    ...[spanShares, targetShares].flatMap((shares) => (shares ? [shares.before, shares.after] : [])),
    ...attention.values(),
    ...hidden.values(),
  ];
  return Buffer.concat(all.map((numbers) => Buffer.from(numbers.slice().buffer)));
}

/** Runs each dialogue to its end before the next one begins. */
async function alone(executor: Executor, all: readonly (readonly Turn[])[]): Promise<Buffer[][]> {
  const results: Buffer[][] = [];
  for (const turns of all) {
    const sequence = executor.open(CONTEXT);
    const own: Buffer[] = [];
    for (const turn of turns) {
      const [result] = await executor.forward([{ ...turn, sequence }]);
      own.push(bytesOf(result!));
    }
    results.push(own);
    sequence.dispose();
  }
  return results;
}

/** Runs the first turns of all as one list of requests, then their second ones, … */
async function inLists(executor: Executor, all: readonly (readonly Turn[])[]): Promise<Buffer[][]> {
  const sequences = all.map(() => executor.open(CONTEXT));
  const results: Buffer[][] = all.map(() => []);
  for (let round = 0; round < Math.max(...all.map(({ length }) => length)); round++) {
    const going = [...all.keys()].filter((index) => round < all[index]!.length);
    const requests = going.map((index) => ({ ...all[index]![round]!, sequence: sequences[index]! }));
    for (const [i, result] of (await executor.forward(requests)).entries()) {
      results[going[i]!]!.push(bytesOf(result));
    }
    // Its place is free for another.
    for (const [index, { length }] of all.entries()) if (round === length - 1) sequences[index]!.dispose();
  }
  return results;
}

/** Runs every dialogue by itself, all at the same time, while others are aborted and disposed of. */
async function atOnce(executor: Executor, all: readonly (readonly Turn[])[]): Promise<Buffer[][]> {
  const disturb = async (turns: readonly Turn[], end: (sequence: Sequence, abort: () => void) => void) => {
    const sequence = executor.open(CONTEXT);
    const controller = new AbortController();
    for (const turn of turns) {
      const pass = executor.forward([{ ...turn, sequence }], { signal: controller.signal });
      end(sequence, () => controller.abort());
      await pass.catch(() => undefined);
    }
    sequence.dispose();
  };
  const disturbing = all
    .slice(0, 2)
    .flatMap((turns) => [
      disturb(turns, (_, abort) => setTimeout(abort, 1)),
      disturb(turns, (sequence) => sequence.dispose()),
    ]);
  const run = async (turns: readonly Turn[]): Promise<Buffer[]> => {
    const sequence = executor.open(CONTEXT);
    const own: Buffer[] = [];
    for (const turn of turns) own.push(bytesOf((await executor.forward([{ ...turn, sequence }]))[0]!));
    sequence.dispose();
    return own;
  };
  const results = await Promise.all(all.map(run));
  await Promise.all(disturbing);
  return results;
}

async function expectSameBits(
  { plan, checkpoint }: { readonly plan: ModelPlan; readonly checkpoint: Checkpoint },
  options: NonNullable<Parameters<typeof createGgmlExecutor>[2]>,
  numRuns: number,
): Promise<void> {
  const executor = await createGgmlExecutor(plan, checkpoint, {
    threads: 1,
    batchInvariant: true,
    ...options,
  });
  const company = fc.array(dialogues(plan), { minLength: 2, maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(company, async (all) => {
      const expected = await alone(executor, all);
      for (const [how, run] of [
        ['in a list', inLists],
        ['at the same time', atOnce],
      ] as const) {
        const found = await run(executor, all);
        for (const [dialogue, turns] of expected.entries()) {
          for (const [turn, bytes] of turns.entries()) {
            const same = bytes.equals(found[dialogue]![turn]!);
            expect(same, `dialogue ${dialogue}, turn ${turn}, ${how}`).toBe(true);
          }
        }
      }
    }),
    { numRuns, seed: 19, endOnFailure: true },
  );
  await executor.dispose();
}

describe('a sequence gets the same bits in any company', () => {
  it.each(['llama', 'gemma2', 'phi3', 'mistral'] as const)('on %s', async (family) => {
    const { plan, files } = await openFamily(family);
    await expectSameBits({ plan, checkpoint: files.checkpoint }, { precision: 'f32' }, 12);
    await files.close();
  });

  it('on a model with a key-value head for each head', async () => {
    const model = await randomModel('llama', { num_key_value_heads: 4, vocab_size: 60 });
    await expectSameBits(model, { precision: 'f32' }, 12);
  });

  const types = (Object.keys(BLOCK_LAYOUTS) as TensorType[]).filter((type) => type !== 'I64');
  it.each(types)('with weights in %s', async (type) => {
    const mix = { q: type, k: type, v: type, o: type, gate: type, up: type, down: type };
    await expectSameBits(await mixedModel(mix), { precision: 'auto' }, 4);
  });

  it.each(['q8', 'q4'] as const)('at %s', async (precision) => {
    const { plan, files } = await openFamily('qwen2');
    await expectSameBits({ plan, checkpoint: files.checkpoint }, { precision }, 8);
    await files.close();
  });

  it('with a policy and strengths of its own', async () => {
    const { plan, files } = await openFamily('llama');
    const executor = await createGgmlExecutor(plan, files.checkpoint, { threads: 1, batchInvariant: true });
    const pairs = plan.blueprint.layers.length * plan.blueprint.layers[0]!.attention.heads;
    const all = EXAMPLES.map(([policy, strength], i): Turn[] => {
      const strengths = Float32Array.from(
        { length: pairs },
        (_, pair) => strength * (pair % 2 === 0 ? 1 : 0.75),
      );
      const intervention = { policy, target: [{ start: 1, end: 4 }], strength: strengths };
      return [[5, 6, 7, 8, 9, 10 + i], [11], [12]].map((tokens) => ({
        tokens,
        logits: 'last',
        intervention,
      }));
    });
    expect(await inLists(executor, all)).toEqual(await alone(executor, all));
    await executor.dispose();
    await files.close();
  });

  it('on two threads as on one', async () => {
    const { plan, files } = await openFamily('gemma2');
    const turns = fc.sample(dialogues(plan), { numRuns: 2, seed: 3 });
    const results: Buffer[][][] = [];
    for (const threads of [1, 2]) {
      const executor = await createGgmlExecutor(plan, files.checkpoint, { threads, batchInvariant: true });
      results.push(await inLists(executor, turns));
      await executor.dispose();
    }
    expect(results[1]).toEqual(results[0]);
    await files.close();
  });
});
