import { describe, expect, it } from 'vitest';
import { GROUPS } from '../studio/index.js';
import type { TraceTensors } from '../trace/index.js';
import { fitsAttention, readTracePage } from './read-page.js';

const LAYERS = 2;
const HEADS = 3;
const TOKENS = ['<s>', 'Hold', ' fast', '[u]', 'Where', '?', '[a]', 'Here', '.', '[u]', 'And', ' now', '?'];
const SPANS = [
  { role: 'sink', turn: 0, start: 0, end: 1 },
  { role: 'system', turn: 0, start: 1, end: 3 },
  { role: 'template', turn: 1, start: 3, end: 4 },
  { role: 'user', turn: 1, start: 4, end: 6 },
  { role: 'template', turn: 1, start: 6, end: 7 },
  { role: 'assistant', turn: 1, start: 7, end: 9 },
  { role: 'template', turn: 2, start: 9, end: 10 },
  { role: 'user', turn: 2, start: 10, end: 13 },
];
const COUNT = TOKENS.length;

/** A weight, different for every head and key, that sums to 1 over the keys of a query. */
function weight(pair: number, query: number, key: number): number {
  if (key > query) return 0;
  const all = Array.from({ length: query + 1 }, (_, at) => 1 + ((7 * pair + 5 * at + 3 * query) % 11));
  return all[key]! / all.reduce((sum, one) => sum + one, 0);
}

/** Returns a value for each pair, query and place, in order. */
const filled = (pairs: number, places: number, of: (pair: number, query: number, place: number) => number) =>
  Float32Array.from({ length: pairs * COUNT * places }, (_, at) =>
    of(Math.floor(at / places / COUNT), Math.floor(at / places) % COUNT, at % places),
  );

const shareOf = (pair: number, query: number, start: number, end: number): number => {
  let sum = 0;
  for (let key = start; key < end; key++) sum += weight(pair, query, key);
  return sum;
};

interface Changes {
  readonly record?: Readonly<Record<string, unknown>>;
  readonly tensors?: Readonly<
    Record<string, readonly [shape: readonly number[], values: Float32Array] | null>
  >;
}

/** A trace of a model of two layers, of which the second sees furthest, with changes. */
function trace({ record = {}, tensors = {} }: Changes = {}): TraceTensors {
  const target = filled(LAYERS * HEADS, 1, (pair, query) => shareOf(pair, query, 1, 3));
  const all = {
    'span.shares': [
      [LAYERS, HEADS, COUNT, SPANS.length],
      filled(LAYERS * HEADS, SPANS.length, (pair, query, span) =>
        shareOf(pair, query, SPANS[span]!.start, SPANS[span]!.end),
      ),
    ],
    'target.share_before': [[LAYERS, HEADS, COUNT], target],
    'target.share_after': [[LAYERS, HEADS, COUNT], target],
    ...Object.fromEntries(
      [0, 1].map((layer) => [
        `attention.${layer}`,
        [
          [HEADS, COUNT, COUNT],
          filled(HEADS, COUNT, (head, query, key) => weight(layer * HEADS + head, query, key)),
        ],
      ]),
    ),
    ...tensors,
  };
  const present = Object.entries(all).flatMap(([name, tensor]) =>
    tensor === null ? [] : [[name, tensor] as const],
  );
  const fields = {
    ...{
      format: 'holdfast-trace-1',
      model: 'm',
      modelHash: 'ab',
      executor: 'cpu',
      precision: 'f32',
      policy: 'off',
      strength: null,
    },
    ...{ target: 'message', spans: SPANS, layersInMeans: [1], tokens: TOKENS, text: null },
    ...record,
  };
  return {
    file: 'run.safetensors',
    metadata: new Map(Object.entries(fields).map(([name, value]) => [name, JSON.stringify(value)])),
    shapes: new Map(present.map(([name, [shape]]) => [name, shape as number[]])),
    floats: async (name) => present.find(([own]) => own === name)![1][1] as Float32Array,
  };
}

/** A byte is exact to one step of its square root. */
const close = (share: number): number => 1 / 255 + share / 255;

describe('the page of a trace', () => {
  it('has the share of each group in each head, as the token sees the groups', async () => {
    const { data, numbers } = await readTracePage(trace());
    expect(data.parts.map(({ colour }) => colour)).toEqual(GROUPS);
    const ranges = (group: string, turn: number): (readonly [number, number])[] =>
      SPANS.filter(({ role, turn: own }) => {
        if (role === 'sink' || role === 'template') return role === group;
        if (role === 'system') return group === 'prompt';
        if (own < turn) return group === 'earlier';
        return (role === 'user' ? 'message' : 'answer') === group;
      }).map(({ start, end }) => [start, end]);
    for (const [part, group] of GROUPS.entries()) {
      for (let token = 0; token < COUNT; token++) {
        const { turn } = SPANS.find(({ end }) => token < end)!;
        const expected = Array.from({ length: LAYERS * HEADS }, (_, pair) =>
          ranges(group, turn).reduce((sum, [start, end]) => sum + shareOf(pair, token, start, end), 0),
        );
        for (const [pair, share] of expected.entries()) {
          const found = numbers.share(part, token, pair);
          expect(Math.abs(found - share), `${group} ${token} ${pair}`).toBeLessThan(close(share));
        }
        const mean = expected.slice(HEADS).reduce((sum, share) => sum + share, 0) / HEADS;
        expect(numbers.share(part, token, null)).toBeCloseTo(mean, 5);
      }
    }
    expect(data.whole).toBe(GROUPS.length);
  });

  it('has the attention rows of every head, and their mean is that of the heads asked for', async () => {
    const { data, numbers } = await readTracePage(trace());
    expect(data).toMatchObject({ attention: { layers: [0, 1], of: 'each head' }, notes: [] });
    const row = numbers.weights(8, [1, 5]);
    expect(row).toHaveLength(9);
    for (const [key, found] of row.entries()) {
      expect(Math.abs(found - (weight(1, 8, key) + weight(5, 8, key)) / 2)).toBeLessThan(close(found));
    }
  });

  it('has the mean of attention rows where all do not fit, none where that does not, and says so', async () => {
    const all = await readTracePage(trace());
    const bytes = all.numbers.buffer.byteLength;
    const mean = await readTracePage(trace(), bytes - 1);
    expect(mean.data).toMatchObject({
      attention: { of: 'mean' },
      notes: [expect.stringContaining('only for the mean')],
    });
    const pairs = Array.from({ length: LAYERS * HEADS }, (_, pair) => pair);
    const expected = pairs.reduce((sum, pair) => sum + weight(pair, 12, 4), 0) / pairs.length;
    expect(Math.abs(mean.numbers.weights(12, [0])[4]! - expected)).toBeLessThan(close(expected));
    const none = await readTracePage(trace(), mean.numbers.buffer.byteLength - 1);
    expect(none.data).toMatchObject({ attention: null, notes: [expect.stringContaining('no room')] });
    const shares = none.numbers.buffer.byteLength;
    await expect(readTracePage(trace(), shares - 1)).rejects.toMatchObject({
      code: 'E_USAGE',
      message: expect.stringContaining('at most 12 tokens of this model, found 13'),
    });
  });

  it('has the target before and after a policy, and any target but the prompt', async () => {
    const names = async (record: object): Promise<(string | null)[]> =>
      (await readTracePage(trace({ record: { ...record } }))).data.parts
        .slice(GROUPS.length)
        .map(({ name }) => name);
    expect(await names({ policy: 'split-softmax', strength: 0.5 })).toEqual([
      'prompt, before the policy',
      'prompt, after the policy',
    ]);
    expect(await names({ target: 'prefix' })).toEqual(['target prefix']);
    const acted = await readTracePage(trace({ record: { policy: 'split-softmax', strength: 0.5 } }));
    expect(acted.data.policy).toBe('split-softmax at strength 0.5');
  });

  it('of plain tokens has the target and the rest, which sum to 1', async () => {
    const plain = { record: { spans: [], target: '1:3', tokens: null }, tensors: { 'span.shares': null } };
    const { data, numbers } = await readTracePage(trace(plain));
    expect(data.parts.map(({ name }) => name)).toEqual(['target 1:3', 'all other tokens']);
    expect(data.spans).toEqual([{ role: null, turn: 0, start: 0, end: COUNT }]);
    expect(data.tokens[3]).toBe('#3');
    expect(numbers.share(0, 7, null) + numbers.share(1, 7, null)).toBeCloseTo(1, 5);
  });

  it('shows no control character of a token as it is', async () => {
    const tokens = TOKENS.map((text, at) => (at === 4 ? '\u202e\u0007' : text));
    const { data } = await readTracePage(trace({ record: { tokens } }));
    expect(data.tokens[4]).toBe('\\u202e\\u0007');
  });

  const shape = [LAYERS, HEADS, COUNT];
  const values = new Float32Array(LAYERS * HEADS * COUNT);
  it.each<[string, Changes, object]>([
    ['has a damaged record', { record: { spans: 7 } }, { code: 'E_SAFETENSORS', message: /expected array/ }],
    ['is none', { record: { format: 'else' } }, { code: 'E_SAFETENSORS', message: /it is no trace/ }],
    ['has damaged spans', { record: { spans: SPANS.slice(1) } }, { code: 'E_SAFETENSORS', message: /spans/ }],
    ['has too few texts', { record: { tokens: ['a'] } }, { code: 'E_SAFETENSORS', message: /1 texts of 13/ }],
    [
      'has means over a layer that the model lacks',
      { record: { layersInMeans: [2] } },
      { code: 'E_SAFETENSORS', message: /layer 2 of 2 layers/ },
    ],
    ['has other spans', { record: { spans: [] } }, { code: 'E_SAFETENSORS', message: /spans/ }],
    [
      'disagrees with itself',
      { tensors: { 'target.share_after': [[1, ...shape.slice(1)], values] } },
      { code: 'E_SAFETENSORS' },
    ],
    [
      'has odd attention',
      { tensors: { 'attention.1': [shape, values] } },
      { code: 'E_SAFETENSORS', message: /shape/ },
    ],
    [
      'has shares that are none',
      {
        tensors: { 'target.share_after': [shape, values.map(() => Number.NaN)] },
        record: { target: 'sink' },
      },
      { code: 'E_TENSOR_VALUE', message: /NaN is no share/ },
    ],
    [
      'has no shares',
      { tensors: { 'span.shares': null, 'target.share_before': null, 'target.share_after': null } },
      { code: 'E_USAGE', message: /no shares/ },
    ],
  ])('refuses a trace that %s', async (_, changes, expected) => {
    const { message, ...rest } = expected as { message?: RegExp };
    await expect(readTracePage(trace(changes))).rejects.toMatchObject({
      ...rest,
      ...(message === undefined ? {} : { message: expect.stringMatching(message) }),
    });
  });
});

describe('a page for a trace alone', () => {
  it('has room for the attention rows of all heads up to a few hundred tokens', () => {
    const smollm = { layers: 30, heads: 9 };
    expect(fitsAttention(smollm, 400)).toBe(true);
    expect(fitsAttention(smollm, 600)).toBe(false);
  });
});
