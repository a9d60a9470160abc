import { expect, it } from 'vitest';
import type { HoldfastError } from '../../src/errors.js';
import type { ForwardResult, Sequence } from '../../src/executors/index.js';
import type { FamilyName } from '../support/families.js';
import { openFamily } from './fixtures.js';
import { type CreateExecutor, createAndClose } from './runs.js';
import type { Subject } from './subject.js';

/** Tests of copies of sequences. They do not depend on the model. */
export function copySuite(subject: () => Subject, family: FamilyName, create: CreateExecutor): void {
  it('copies a sequence, whose next passes give the bits of the first one, whatever happens to that', async () => {
    const { executor, model, intervene } = subject();
    const policy = {
      spans: [{ start: 0, end: 18 }],
      intervention: intervene([{ start: 0, end: 18 }], 'boost', 2),
    };
    const original = executor.open(512);
    await executor.forward([
      { sequence: original, tokens: model.ids.slice(0, 40), logits: 'none', ...policy },
    ]);
    const copies = [await executor.copy(original), await executor.copy(original)];
    expect(copies.map(({ length, contextLength }) => [length, contextLength])).toEqual([
      [40, 512],
      [40, 512],
    ]);
    // So many that executors which keep several in one block of memory need another block.
    const crowd = Array.from({ length: 16 }, () => executor.open(512));
    copies.push(await executor.copy(original));
    const go = async (sequence: Sequence) => {
      const tokens = model.ids.slice(40, 50);
      const results: ForwardResult[] = [];
      for (const part of [tokens, [model.ids[50]!]]) {
        results.push(...(await executor.forward([{ sequence, tokens: part, logits: 'all', ...policy }])));
      }
      return results;
    };
    // The first copy goes on beside another sequence, and beside the original, which takes another way.
    const [first] = await Promise.all([
      go(copies[0]!),
      executor.forward([{ sequence: original, tokens: model.ids.slice(0, 9), logits: 'none' }]),
    ]);
    original.truncate(20);
    const again = await executor.copy(copies[1]!);
    original.dispose();
    for (const copy of [copies[1]!, copies[2]!, again]) expect(await go(copy)).toEqual(first);
    const alone = executor.open(512);
    await executor.forward([{ sequence: alone, tokens: model.ids.slice(0, 40), logits: 'none', ...policy }]);
    expect(first).toEqual(await go(alone));
    for (const sequence of [...crowd, ...copies, again, alone]) sequence.dispose();
  });

  it('copies a sequence without tokens, and one that was rewound', async () => {
    const { executor, model } = subject();
    const sequence = executor.open(80);
    const empty = await executor.copy(sequence);
    expect(empty.length).toBe(0);
    const tokens = model.ids.slice(0, 30);
    await executor.forward([{ sequence, tokens: model.ids, logits: 'none' }]);
    sequence.truncate(12);
    const rewound = await executor.copy(sequence);
    expect(rewound.length).toBe(12);
    const [expected] = await executor.forward([{ sequence, tokens, logits: 'last' }]);
    const [found] = await executor.forward([{ sequence: rewound, tokens, logits: 'last' }]);
    expect(found).toEqual(expected);
    await executor.forward([{ sequence: empty, tokens, logits: 'none' }]);
    expect([sequence, empty, rewound].map(({ length }) => length)).toEqual([42, 30, 42]);
  });

  it('refuses to copy a sequence that is in use, of another executor or disposed of', async () => {
    const { executor } = subject();
    const sequence = executor.open(8);
    const copying = executor.copy(sequence);
    await expect(executor.forward([{ sequence, tokens: [1], logits: 'none' }])).rejects.toMatchObject({
      code: 'E_BUSY',
    });
    (await copying).dispose();
    const running = executor.forward([{ sequence, tokens: [1], logits: 'none' }]);
    await expect(executor.copy(sequence)).rejects.toMatchObject({ code: 'E_BUSY' });
    await running;
    const other = await createAndClose(create, openFamily(family));
    await expect(other.copy(sequence)).rejects.toMatchObject({ code: 'E_EXECUTOR' });
    const own = other.open(8);
    await other.forward([{ sequence: own, tokens: [1], logits: 'none' }]);
    await other.dispose();
    await expect(other.copy(own)).rejects.toMatchObject({ code: 'E_DISPOSED' });
    sequence.dispose();
    await expect(executor.copy(sequence)).rejects.toMatchObject({ code: 'E_DISPOSED' });
  });

  it('refuses a copy whose sequence or executor is disposed of meanwhile', async () => {
    const { executor, model } = subject();
    const [sequence, other] = [executor.open(80), executor.open(80)];
    await executor.forward([{ sequence, tokens: model.ids, logits: 'none' }]);
    const copying = executor.copy(sequence);
    expect(() => sequence.truncate(3)).toThrow(expect.objectContaining({ code: 'E_BUSY' }));
    sequence.dispose();
    await expect(copying).rejects.toMatchObject({ code: 'E_DISPOSED' });
    // Whoever gets the memory next has its own bits.
    const next = executor.open(80);
    const tokens = model.ids.slice(0, 20);
    const results = [];
    for (const each of [next, other]) {
      results.push(await executor.forward([{ sequence: each, tokens, logits: 'last' }]));
    }
    expect(results[0]).toEqual(results[1]);
    const gone = await createAndClose(create, openFamily(family));
    const own = gone.open(80);
    await gone.forward([{ sequence: own, tokens: model.ids, logits: 'none' }]);
    const copies = [gone.copy(own), gone.copy(gone.open(80))].map((copy) =>
      copy.then(
        (made) => made.length,
        (error: HoldfastError) => error.code,
      ),
    );
    await gone.dispose();
    for (const end of await Promise.all(copies)) expect([72, 0, 'E_DISPOSED']).toContain(end);
  });
}
