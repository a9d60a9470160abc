import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { buildGguf, type GgufPlan, type GgufValue, smallGguf } from '../../test/fixtures/gguf/build-gguf.js';
import { memorySource } from './bytes.js';
import type { Checkpoint } from './checkpoint.js';
import { openGguf } from './gguf.js';
import { readTensor } from './read-tensor.js';

const fixtures = new URL('../../test/fixtures/gguf/', import.meta.url);
const realModel = new URL(
  '../../../shared/models/smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf',
  import.meta.url,
);

const open = (bytes: Uint8Array): Promise<Checkpoint> => openGguf(memorySource(bytes, 'model.gguf'));
const build = (plan: GgufPlan): Promise<Checkpoint> => open(buildGguf(plan).bytes);
const u32 = (value: number): GgufValue => ({ type: 'u32', value });
const nest = (depth: number): GgufValue =>
  depth === 0
    ? { type: 'array', of: 'u32', values: [] }
    : { type: 'array', of: 'array', values: [nest(depth - 1)] };

describe('openGguf', () => {
  it('reads every kind of metadata', async () => {
    const { metadata } = await open(smallGguf().bytes);
    expect(Object.fromEntries(metadata)).toEqual({
      'general.architecture': 'llama',
      'general.alignment': 64,
      u8: 200,
      i8: -3,
      u16: 60000,
      i16: -300,
      i32: -70000,
      f32: 0.5,
      f64: 0.1,
      u64: 2 ** 40,
      'u64 large': 2n ** 60n,
      i64: -5,
      bool: true,
      tokens: ['a', '', '\ufeff', 'Ġhé'],
      types: Uint32Array.of(1, 3, 7),
      flags: [true, false],
      nested: [Uint32Array.of(1), new Uint32Array(0)],
    });
  });

  it('gives shapes outermost first and the bytes of each tensor', async () => {
    const { tensors } = await open(smallGguf().bytes);
    const seen = [...tensors.values()].map(({ name, type, shape, byteLength }) => [
      name,
      type,
      shape,
      byteLength,
    ]);
    expect(seen).toEqual([
      ['plain', 'F32', [2, 4], 32],
      ['blocks', 'Q4_0', [3, 32], 54],
      ['scalar', 'F16', [], 2],
    ]);
    expect(Array.from(await readTensor(tensors.get('scalar')!))).toEqual([0, 1]);
    expect((await readTensor(tensors.get('blocks')!))[0]).toBe(64);
  });

  it('reads version 2 as version 3', async () => {
    expect((await build({ version: 2 })).tensors.size).toBe(0);
  });

  it.each(readdirSync(fixtures).filter((name) => name.endsWith('.gguf')))('opens %s', async (name) => {
    const { tensors, metadata } = await open(new Uint8Array(readFileSync(new URL(name, fixtures))));
    const [architecture, type] = name.split('.');
    expect(metadata.get('general.architecture')).toBe(architecture);
    const types = new Set([...tensors.values()].map((tensor) => tensor.type));
    expect([...types]).toContain(type);
  });

  const hostile: readonly (readonly [string, GgufPlan, string])[] = [
    ['version 1', { version: 1 }, 'version 1 is not supported'],
    ['an unknown version', { version: 4 }, 'version 4 is unknown'],
    ['big-endian files', { version: 0x03000000 }, 'big-endian'],
    ['a tensor count of 2^60', { tensorCount: 2n ** 60n }, 'entries of at least 24 bytes, but'],
    ['a metadata count of 2^64 − 1', { metadataCount: 2n ** 64n - 1n }, 'entries of at least 13 bytes, but'],
    ['an alignment of 12', { metadata: [['general.alignment', u32(12)]] }, 'at least 8: 12'],
    ['an alignment of 4', { metadata: [['general.alignment', u32(4)]] }, 'at least 8: 4'],
    ['an alignment of 0', { metadata: [['general.alignment', u32(0)]] }, 'at least 8: 0'],
    [
      'duplicate keys',
      {
        metadata: [
          ['a', u32(1)],
          ['a', u32(2)],
        ],
      },
      'duplicate key (model.gguf, field "a"',
    ],
    ['deep arrays', { metadata: [['a', nest(4)]] }, 'nested deeper than 4'],
    ['a part of a split model', { metadata: [['split.count', { type: 'u16', value: 3 }]] }, '3 parts'],
  ];
  it.each(hostile)('refuses %s', async (_, plan, message) => {
    await expect(build(plan)).rejects.toMatchObject({
      code: 'E_GGUF',
      file: 'model.gguf',
      message: expect.stringContaining(message),
    });
  });

  const tensor = { name: 't', dimensions: [32, 2], type: 0, offset: 0 };
  const tensorFaults: readonly (readonly [string, Partial<typeof tensor>[], string])[] = [
    ['duplicate names', [{}, { offset: 256 }], 'duplicate tensor name'],
    ['overlapping tensors', [{}, { name: 'u', offset: 224 }], 'tensors "t" and "u" overlap'],
    ['a tensor past the end', [{ offset: 1024 }], 'extend past the end of the file'],
    ['an unaligned tensor', [{ offset: 16 }], 'not a multiple of the alignment 32'],
    ['rows that do not fill blocks', [{ type: 2, dimensions: [16, 4] }], 'do not fill blocks of 32 (Q4_0)'],
    ['five dimensions', [{ dimensions: [1, 1, 1, 1, 1] }], '5 dimensions'],
    ['more than 2^53 elements', [{ dimensions: [2 ** 30, 2 ** 30] }], 'more than 2^53 elements'],
  ];
  it.each(tensorFaults)('refuses %s', async (_, tensors, message) => {
    const plan = { tensors: tensors.map((change) => ({ ...tensor, ...change })), dataBytes: 512 };
    await expect(build(plan)).rejects.toMatchObject({
      code: 'E_GGUF',
      offset: expect.any(Number),
      message: expect.stringContaining(message),
    });
  });

  it.each([
    [16, 'IQ2_XXS'],
    [27, 'I64'],
    [99, 'number 99'],
  ])('refuses tensor type %i by its name', async (type, name) => {
    const refused = build({ tensors: [{ ...tensor, type }], dataBytes: 512 });
    await expect(refused).rejects.toMatchObject({
      code: 'E_TENSOR_TYPE',
      field: '"t"',
      message: expect.stringContaining(`${name} is not supported`),
    });
  });

  it('refuses a string past the end, with its place', async () => {
    const { bytes } = buildGguf({ metadata: [['key', { type: 'string', value: 'hello' }]] });
    new DataView(bytes.buffer).setBigUint64(24 + 8 + 3 + 4, 2n ** 63n, true);
    await expect(open(bytes)).rejects.toMatchObject({ code: 'E_GGUF', field: '"key"', offset: 39 });
  });

  it.each(['u32', 'bool', 'string', 'array'] as const)(
    'refuses a large array of %s in a small file',
    async (of) => {
      const { bytes } = buildGguf({ metadata: [['key', { type: 'array', of, values: [] }]] });
      new DataView(bytes.buffer).setBigUint64(24 + 8 + 3 + 4 + 4, 1000n, true);
      await expect(open(bytes)).rejects.toMatchObject({
        code: 'E_GGUF',
        field: '"key"',
        offset: 39,
        message: expect.stringContaining('an array claims 1000 elements'),
        hint: expect.stringContaining('truncated'),
      });
    },
  );

  it.each([
    ['a boolean that is neither 0 nor 1', { type: 'bool', value: true } as const, 39, 2, 39],
    ['text that is not UTF-8', { type: 'string', value: 'hello' } as const, 48, 0xff, 47],
  ])('notes %s, and refuses it when it is read', async (what, value, at, byte, offset) => {
    const { bytes } = buildGguf({
      metadata: [
        ['key', value],
        ['after', { type: 'u32', value: 7 }],
      ],
    });
    bytes[at] = byte;
    const { metadata, notes } = await open(bytes);
    expect(metadata.get('after'), what).toBe(7);
    expect(notes).toEqual([
      expect.stringMatching(new RegExp(`the metadata field "key" cannot be read: .* \\(byte ${offset}\\)$`)),
    ]);
    expect(() => metadata.get('key')).toThrow(expect.objectContaining({ code: 'E_GGUF', offset }));
  });

  it('notes a list of texts of which one is not UTF-8', async () => {
    const texts = ['good', 'evil', 'good'].map((value) => ({ type: 'string', value }) as const);
    const { bytes } = buildGguf({
      metadata: [
        ['general.tags', { type: 'array', of: 'string', values: texts }],
        ['after', { type: 'u32', value: 7 }],
      ],
    });
    bytes[Buffer.from(bytes).indexOf('evil')] = 0xe9;
    const { metadata, notes } = await open(bytes);
    expect(metadata.get('after')).toBe(7);
    expect(notes).toHaveLength(1);
    expect(() => metadata.get('general.tags')).toThrow('a string is not UTF-8');
  });

  it('refuses the name of a tensor that is not UTF-8', async () => {
    const { bytes } = buildGguf({
      tensors: [{ name: 'evil', dimensions: [8], type: 0, offset: 0 }],
      dataBytes: 32,
    });
    bytes[Buffer.from(bytes).indexOf('evil')] = 0xe9;
    await expect(open(bytes)).rejects.toMatchObject({ code: 'E_GGUF', field: 'tensor 0 name' });
  });

  it('has no notes on a sound file', async () => {
    expect((await open(smallGguf().bytes)).notes).toEqual([]);
  });

  it('refuses a file cut at any byte', async () => {
    const { bytes } = smallGguf();
    for (let length = 0; length < bytes.length; length++) {
      await expect(open(bytes.subarray(0, length)), `cut at ${length}`).rejects.toMatchObject({
        code: 'E_GGUF',
      });
    }
  });

  it.skipIf(!existsSync(realModel))(
    'reads the header of a real model without reading the model',
    async () => {
      const bytes = new Uint8Array(readFileSync(realModel));
      let readBytes = 0;
      let reads = 0;
      const source = memorySource(bytes, 'real.gguf');
      const { tensors, metadata } = await openGguf({
        ...source,
        read: (offset, length) => {
          readBytes += length;
          reads++;
          return source.read(offset, length);
        },
      });
      expect(tensors.size).toBe(272);
      expect(metadata.get('tokenizer.ggml.tokens')).toHaveLength(49152);
      expect(readBytes).toBeLessThan(8 * 1024 * 1024);
      expect(reads).toBeLessThan(8);
    },
  );
});
