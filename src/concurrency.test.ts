import { describe, expect, it } from 'vitest';
import { configFixture, modelFixture } from '../test/support/model-fixtures.js';
import { kvBytesPerToken, planModel } from './architectures/index.js';
import { cacheBytes, concurrencyOf, planConcurrency } from './concurrency.js';

const MIB = 2 ** 20;
/** A large model whose dialogues take this much memory. */
const large = (mebibytes: number) => ({ parameters: 1e9, dialogueBytes: mebibytes * MIB });
const machine = { cores: 4, freeBytes: 1024 * MIB };

describe('an executor that batches', () => {
  it('gets a copy of the model per core, and 16 dialogues each if they fit into half of the free memory', () => {
    expect(concurrencyOf(true, large(1), {}, machine)).toEqual({ jobs: 4, batch: 16, threads: 1 });
    expect(concurrencyOf(true, large(30), {}, machine)).toEqual({ jobs: 4, batch: 4, threads: 1 });
    expect(concurrencyOf(true, large(4096), {}, machine), 'always one').toMatchObject({ batch: 1 });
  });

  it('shares cores and memory among the copies that were asked for', () => {
    expect(concurrencyOf(true, large(100), { jobs: 1 }, machine)).toEqual({
      jobs: 1,
      batch: 5,
      threads: null,
    });
    expect(concurrencyOf(true, large(100), { jobs: 2 }, machine)).toEqual({ jobs: 2, batch: 2, threads: 2 });
    expect(concurrencyOf(true, large(1), { jobs: 8 }, machine)).toMatchObject({ threads: 1 });
  });

  it('runs one dialogue of a tiny model per copy', () => {
    const tiny = { parameters: 2e6, dialogueBytes: MIB };
    expect(concurrencyOf(true, tiny, {}, machine)).toEqual({ jobs: 4, batch: 1, threads: 1 });
    expect(concurrencyOf(true, tiny, { batch: 8 }, machine)).toMatchObject({ batch: 8 });
  });

  it('gets the batch that was asked for, whether it fits or not', () => {
    expect(concurrencyOf(true, large(100), { batch: 64 }, machine)).toMatchObject({ batch: 64 });
  });
});

it('gives every core a copy of the model if the executor does not batch', () => {
  expect(concurrencyOf(false, large(1), {}, machine)).toEqual({ jobs: 4, batch: 1, threads: 1 });
  expect(concurrencyOf(false, large(1), { jobs: 2, batch: 3 }, machine)).toEqual({
    jobs: 2,
    batch: 3,
    threads: 1,
  });
});

it('asks the registry whether an executor batches', () => {
  expect(planConcurrency('reference', large(1), {}, machine)).toEqual({ jobs: 4, batch: 1, threads: 1 });
  expect(planConcurrency('reference', large(1), { jobs: 3 })).toMatchObject({ jobs: 3 });
  expect(() => planConcurrency('abacus', large(1), {})).toThrow(/E_EXECUTOR/);
});

it('counts the keys and values of a full context', async () => {
  const { blueprint } = await planModel(await modelFixture('llama'), await configFixture('llama'));
  expect(cacheBytes(blueprint)).toBe(kvBytesPerToken(blueprint) * blueprint.contextLength);
  expect(cacheBytes(blueprint, 10)).toBe(kvBytesPerToken(blueprint) * 10);
});
