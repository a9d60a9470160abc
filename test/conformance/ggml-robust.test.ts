import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  mkdtempSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it, vi } from 'vitest';
import type { ModelPlan } from '../../src/architectures/index.js';
import { Backend } from '../../src/executors/ggml/backend.js';
import { createGgmlExecutor } from '../../src/executors/ggml/index.js';
import { MappedFile } from '../../src/executors/ggml/mapped-file.js';
import type { Executor, ForwardRequest } from '../../src/executors/index.js';
import type { Checkpoint, TensorInfo } from '../../src/formats/index.js';
import { FAMILIES, tinyModel } from '../support/families.js';
import { mixedModel } from '../support/mixed-model.js';
import { EXAMPLES, EXTREMES } from '../support/policy-cases.js';
import { randomModel } from '../support/random-model.js';
import { expectClose, spread } from './compare.js';
import { openFamily, openPlanned } from './fixtures.js';

const place = mkdtempSync(join(tmpdir(), 'holdfast-robust-'));
afterAll(() => rmSync(place, { recursive: true }));

interface Model {
  readonly plan: ModelPlan;
  readonly checkpoint: Checkpoint;
}

const create = ({ plan, checkpoint }: Model): Promise<Executor> =>
  createGgmlExecutor(plan, checkpoint, { precision: 'f32', threads: 1 });

/** A small model in memory with one layer. */
const oneLayer = (): Promise<Model> => randomModel('llama', { num_hidden_layers: 1, vocab_size: 40 });

const headsOf = ({ blueprint: { layers } }: Executor): number => layers.length * layers[0]!.attention.heads;

/** Runs tokens on a new sequence and returns the logits of all. */
async function logitsOf(executor: Executor, tokens: readonly number[]): Promise<Float32Array> {
  const sequence = executor.open(64);
  const [result] = await executor.forward([{ sequence, tokens, logits: 'all' }]);
  sequence.dispose();
  return result!.logits;
}

describe('requests that could end the process', () => {
  /** Runs lists of requests with all policies, some so strong that log π is computed from scores. */
  async function runEverything(executor: Executor): Promise<void> {
    const pairs = headsOf(executor);
    const layers = Array.from(executor.blueprint.layers.keys());
    for (const tokens of [1, 3]) {
      const requests = [...EXAMPLES, ...EXTREMES].map(
        ([policy, strength]): ForwardRequest => ({
          sequence: executor.open(16),
          tokens: Array.from({ length: tokens }, (_, i) => i + 3),
          logits: 'all',
          intervention: {
            policy,
            target: [{ start: 0, end: 1 }],
            strength: new Float32Array(pairs).fill(strength),
          },
          spans: [{ start: 0, end: 2 }],
          silenced: new Uint8Array(pairs).fill(1, 0, 2),
          taps: { attention: layers, hidden: [...layers, layers.length] },
        }),
      );
      const run = async (chosen: readonly ForwardRequest[]): Promise<void> => {
        for (const { logits } of await executor.forward(chosen)) {
          expect(logits.every(Number.isFinite)).toBe(true);
        }
      };
      await run(requests);
      await run(requests);
      // With every other one gone, each is in a group of its own.
      for (const [i, { sequence }] of requests.entries()) if (i % 2 === 1) sequence.dispose();
      await run(requests.filter((_, i) => i % 2 === 0));
      for (const { sequence } of requests) sequence.dispose();
    }
    await executor.dispose();
  }

  it.each(FAMILIES)(
    'all policies in one list, with everything that can be asked for, on %s',
    async (family) => {
      const { plan, files } = await openFamily(family);
      const executor = await create({ plan, checkpoint: files.checkpoint });
      await files.close();
      await runEverything(executor);
    },
  );

  it.each(['qwen2', 'gemma2'] as const)('the same on %s with weights that have offsets', async (family) => {
    const type = 'Q4_1';
    const mix = { q: type, k: type, v: type, o: type, gate: type, up: type, down: type } as const;
    const { plan, checkpoint } = await mixedModel(mix, family);
    await runEverything(await createGgmlExecutor(plan, checkpoint, { threads: 1 }));
  });

  it('a silenced head whose output nothing reads', async () => {
    const executor = await create(await oneLayer());
    const silenced = new Uint8Array(headsOf(executor)).fill(1);
    for (const tokens of [[1], [1, 2, 3]]) {
      const sequence = executor.open(8);
      const [result] = await executor.forward([{ sequence, tokens, logits: 'none', silenced }]);
      expect(result!.logits).toHaveLength(0);
    }
    await executor.dispose();
  });

  it('a policy that only raises, with a strength that lowers', async () => {
    const executor = await create(await oneLayer());
    const strength = new Float32Array(headsOf(executor)).fill(0.5);
    const [result] = await executor.forward([
      {
        ...{ sequence: executor.open(8), tokens: [1, 2, 3, 4], logits: 'none' },
        intervention: { policy: 'boost', target: [{ start: 0, end: 2 }], strength },
        spans: [
          { start: 0, end: 2 },
          { start: 2, end: 4 },
        ],
        taps: { attention: [0] },
      },
    ]);
    const { after } = result!.spanShares!;
    for (let row = 0; row < after.length; row += 2) expect(after[row]! + after[row + 1]!).toBeCloseTo(1, 5);
    await executor.dispose();
  });

  it('a sequence that outlives its executor', async () => {
    const executor = await create(await oneLayer());
    const sequences = [executor.open(8), executor.open(8)];
    await executor.forward(sequences.map((sequence) => ({ sequence, tokens: [1, 2, 3], logits: 'none' })));
    const late = executor.forward([{ sequence: sequences[0]!, tokens: [1], logits: 'last' }]);
    const gone = executor.dispose();
    await expect(late).rejects.toMatchObject({ code: 'E_DISPOSED' });
    await gone;
    for (const sequence of sequences) {
      sequence.truncate(1);
      sequence.dispose();
    }
  });

  it('may have outputs of so many sizes that they would leave gaps in the memory', async () => {
    const model = await randomModel('llama', {
      ...{ num_hidden_layers: 30, vocab_size: 40, hidden_size: 192, intermediate_size: 64 },
      ...{ num_attention_heads: 9, num_key_value_heads: 3, head_dim: 64 },
    });
    const executor = await createGgmlExecutor(model.plan, model.checkpoint, {
      ...{ precision: 'auto', threads: 1, batchInvariant: true },
    });
    const policies = [null, ...EXAMPLES];
    const requests = Array.from({ length: 16 }, (_, i): ForwardRequest => {
      const policy = policies[i % policies.length];
      return {
        sequence: executor.open(256),
        tokens: Array.from({ length: 20 + i * 3 }, (_, at) => (at % 30) + 3),
        logits: 'last',
        spans: Array.from({ length: 3 + (i % 3) }, (_, at) => ({ start: 4 * at, end: 4 * at + 4 })),
        ...(policy && {
          intervention: {
            policy: policy[0],
            target: [{ start: 2, end: 10 + i }],
            strength: new Float32Array(headsOf(executor)).fill(policy[1]),
          },
        }),
      };
    });
    for (const { logits } of await executor.forward(requests)) {
      expect(logits.every(Number.isFinite)).toBe(true);
    }
    await executor.dispose();
  });
});

describe('NaN in a sequence', () => {
  it('reaches neither the others of its list nor the next one in its place, and is gone after a rewind', async () => {
    // Only keys and values of a second layer are computed from what the policy changed.
    const executor = await create(await randomModel('llama', { num_hidden_layers: 2, vocab_size: 40 }));
    const tokens = [5, 6, 7, 8, 9];
    const expected = await logitsOf(executor, tokens);
    const poison = {
      policy: 'boost' as const,
      target: [{ start: 0, end: 2 }],
      strength: new Float32Array(headsOf(executor)).fill(Number.NaN),
    };
    const [bad, good] = [executor.open(64), executor.open(64)];
    await executor.forward([{ sequence: bad, tokens: [1, 2], logits: 'none' }]);
    const [poisoned, other] = await executor.forward([
      { sequence: bad, tokens, logits: 'all', intervention: poison },
      { sequence: good, tokens, logits: 'all' },
    ]);
    expect(poisoned!.logits.some(Number.isNaN)).toBe(true);
    expect(other!.logits).toEqual(expected);
    bad.truncate(0);
    // Fewer rows than were poisoned: those behind them are read with weights of 0.
    const [fewer] = await executor.forward([{ sequence: bad, tokens: tokens.slice(0, 2), logits: 'all' }]);
    expect(fewer!.logits.every(Number.isFinite)).toBe(true);
    bad.truncate(0);
    const [again] = await executor.forward([{ sequence: bad, tokens, logits: 'all' }]);
    expect(again!.logits).toEqual(expected);
    await executor.forward([{ sequence: bad, tokens, logits: 'all', intervention: poison }]);
    bad.dispose();
    expect(await logitsOf(executor, tokens)).toEqual(expected);
    await executor.dispose();
  });
});

describe('a model file that changes while it is mapped', () => {
  const tokens = [3, 1, 4, 1, 5];
  const opened = async (name: string): Promise<{ executor: Executor; weights: string }> => {
    const folder = join(place, name);
    cpSync(tinyModel('llama'), folder, { recursive: true });
    const { plan, files } = await openPlanned(folder);
    const executor = await create({ plan, checkpoint: files.checkpoint });
    await files.close();
    return { executor, weights: join(folder, 'model.safetensors') };
  };

  it.each([
    ['cut short', (path: string) => truncateSync(path, 5000)],
    ['emptied', (path: string) => writeFileSync(path, '')],
    ['appended to', (path: string) => appendFileSync(path, 'more')],
  ])('is refused, not read, if it is %s', async (name, change) => {
    const { executor, weights } = await opened(name);
    await logitsOf(executor, tokens);
    change(weights);
    await expect(logitsOf(executor, tokens)).rejects.toMatchObject({ code: 'E_UNREADABLE', file: weights });
    await executor.dispose();
  });

  it.each([
    ['deleted', (path: string) => rmSync(path)],
    [
      'replaced by another',
      (path: string) => {
        writeFileSync(`${path}.new`, 'another model');
        renameSync(`${path}.new`, path);
      },
    ],
  ])('is used on if it is %s', async (name, change) => {
    const { executor, weights } = await opened(name);
    const expected = await logitsOf(executor, tokens);
    change(weights);
    expect(await logitsOf(executor, tokens)).toEqual(expected);
    await executor.dispose();
  });
});

/** The model with its tensors one after the other in a file, from an offset on. */
async function inFile(model: Model, name: string, offset: number): Promise<Model> {
  const path = join(place, name);
  const parts: Uint8Array[] = [new Uint8Array(offset)];
  const places: [TensorInfo, number][] = [];
  let end = offset;
  for (const info of model.checkpoint.tensors.values()) {
    parts.push(await info.source.read(info.offset, info.byteLength));
    places.push([info, end]);
    end += info.byteLength;
  }
  writeFileSync(path, Buffer.concat(parts));
  const read = async (from: number, length: number): Promise<Uint8Array> =>
    Uint8Array.from((await readFile(path)).subarray(from, from + length));
  const source = { name: path, file: path, size: end, read };
  const tensors = new Map(places.map(([info, from]) => [info.name, { ...info, source, offset: from }]));
  return { plan: model.plan, checkpoint: { ...model.checkpoint, tensors } };
}

describe('the libraries', () => {
  it('stay loaded when the thread that loaded them ends', () => {
    const script = fileURLToPath(new URL('../support/threads-in-turns.mjs', import.meta.url));
    expect(execFileSync(process.execPath, [script], { encoding: 'utf8' })).toBe('loaded');
  });

  it.runIf(process.platform === 'linux')('let large arrays give their memory back', () => {
    const script = fileURLToPath(new URL('../support/large-blocks.mjs', import.meta.url));
    const left = execFileSync(process.execPath, ['--expose-gc', script], { encoding: 'utf8' });
    expect(Number(left)).toBeLessThan(15);
  });
});

describe('a cache', () => {
  it('has fewer places where there is not the memory for all of them', async () => {
    const executor = await create(await oneLayer());
    const expected = await logitsOf(executor, [1, 2, 3]);
    const refused = vi.spyOn(Backend.prototype, 'allocate').mockImplementationOnce(() => {
      throw new Error('not enough memory');
    });
    // Another capacity, so that the memory of the first is not taken.
    const sequences = Array.from({ length: 20 }, () => executor.open(600));
    expect(refused.mock.calls.length).toBeGreaterThan(1);
    vi.restoreAllMocks();
    const requests = sequences.map((sequence) => ({ sequence, tokens: [1, 2, 3], logits: 'all' as const }));
    for (const { logits } of await executor.forward(requests)) {
      expectClose(logits, expected, 1e-5 * spread(expected), 'logits');
    }
    await executor.dispose();
  });
});

describe('weights', () => {
  it('at odd offsets of a file are those at even ones', async () => {
    const model = await oneLayer();
    const executor = await create(model);
    const expected = await logitsOf(executor, [1, 2, 3]);
    await executor.dispose();
    for (const offset of [0, 1, 2, 3, 64]) {
      const moved = await create(await inFile(model, `offset ${offset}`, offset));
      expect(await logitsOf(moved, [1, 2, 3]), `offset ${offset}`).toEqual(expected);
      await moved.dispose();
    }
  });

  it('behind the first 2 and 4 GiB of a file are found', async () => {
    const path = join(place, 'large');
    const marks = [0, 2 ** 31 - 3, 2 ** 31 + 5, 2 ** 32 - 1, 2 ** 32 + 4097];
    const size = 2 ** 32 + 10_000;
    const file = await open(path, 'w');
    await file.truncate(size);
    for (const [i, mark] of marks.entries()) await file.write(Uint8Array.of(i + 1, i + 2), 0, 2, mark);
    await file.close();
    const mapped = MappedFile.open(path, size)!;
    for (const [i, mark] of marks.entries()) {
      const view = mapped.view(mark, 2);
      expect([...view], `offset ${mark}`).toEqual([i + 1, i + 2]);
      expect(mapped.offsetOf(view)).toBe(mark);
    }
    mapped.dispose();
  });

  it('that are not numbers are refused, and loading and disposing leave no memory behind', async () => {
    const model = await randomModel('llama', { num_hidden_layers: 2, vocab_size: 3000, hidden_size: 256 });
    const stored = await inFile(model, 'many times', 0);
    const last = [...stored.checkpoint.tensors.values()].at(-1)!;
    const read = async (_: number, length: number): Promise<Uint8Array> => new Uint8Array(length).fill(0xff);
    const bad = { ...last, source: { name: 'bad', size: last.source.size, read } };
    const tensors = new Map(stored.checkpoint.tensors).set(last.name, bad);
    const broken = { plan: model.plan, checkpoint: { ...stored.checkpoint, tensors } };
    let before = 0;
    for (let round = 0; round < 120; round++) {
      if (round === 20) before = process.memoryUsage.rss();
      await expect(create(broken)).rejects.toMatchObject({ code: 'E_TENSOR_VALUE' });
      // Weights of their own, which are copied, and a cache.
      const executor = await createGgmlExecutor(model.plan, model.checkpoint, {
        precision: 'q8',
        threads: 1,
      });
      await logitsOf(executor, [1, 2, 3]);
      await executor.dispose();
    }
    // Each of the hundred holds more than 3 MB of weights.
    expect(process.memoryUsage.rss() - before).toBeLessThan(100 * 2 ** 20);
  });
});

describe('a copy of a long sequence', () => {
  it.each(['f32', 'auto'] as const)('has its bits, in caches of both types (%s)', async (precision) => {
    const { plan, files } = await openFamily('gemma3');
    const executor = await createGgmlExecutor(plan, files.checkpoint, { precision, threads: 1 });
    const tokens = Array.from({ length: 333 }, (_, at) => (at * 37) % plan.blueprint.vocabSize);
    const sequence = executor.open(700);
    await executor.forward([{ sequence, tokens, logits: 'none' }]);
    const copy = await executor.copy(await executor.copy(sequence));
    const answers = [];
    for (const each of [sequence, copy]) {
      const request = { sequence: each, spans: [{ start: 0, end: 40 }], logits: 'all' } as const;
      answers.push([
        await executor.forward([{ ...request, tokens: tokens.slice(0, 70) }]),
        await executor.forward([{ ...request, tokens: [5] }]),
      ]);
    }
    expect(answers[1]).toEqual(answers[0]);
    await executor.dispose();
    await files.close();
  });
});
