import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BuiltGguf, buildGguf, smallGguf } from '../../test/fixtures/gguf/build-gguf.js';
import { HoldfastError } from '../errors.js';
import type { ByteSource } from './bytes.js';
import type { Checkpoint } from './checkpoint.js';
import { dequantize } from './dequantize.js';
import { openGguf } from './gguf.js';
import { readTensor } from './read-tensor.js';
import { openSafetensors } from './safetensors.js';
import { encodeSafetensors } from './safetensors-writer.js';
import { byteLengthOf } from './tensor-types.js';

/**
 * Corrupt and malicious files. Opening one gives a valid checkpoint or a HoldfastError, and never takes more memory
 * than the file's size plus 64 MiB.
 */

const MEBIBYTE = 1024 * 1024;
const SLACK_BYTES = 64 * MEBIBYTE;
const RUNS = Number(process.env.HOLDFAST_FUZZ_RUNS ?? 3000);

type Open = (source: ByteSource) => Promise<Checkpoint>;

interface Outcome {
  readonly checkpoint: Checkpoint | null;
  readonly error: unknown;
  readonly memoryBytes: number;
}

/** A source that, like a file, returns fresh memory for every read. It throws on a read past the end. */
function strictSource(bytes: Uint8Array): ByteSource {
  return {
    name: 'hostile',
    size: bytes.length,
    read: async (offset, length) => {
      if (!(Number.isSafeInteger(offset) && offset >= 0 && length >= 0 && offset + length <= bytes.length)) {
        throw new RangeError(`read of ${length} bytes at ${offset} in a file of ${bytes.length}`);
      }
      return bytes.slice(offset, offset + length);
    },
  };
}

const BUFFERS = [
  'ArrayBuffer',
  'Uint8Array',
  'Uint32Array',
  'Float32Array',
  'Float64Array',
  'BigUint64Array',
] as const;

/**
 * Counts the bytes of all buffers that are created while `work` runs. `process.memoryUsage` is not enough: the garbage
 * collector may free a large dropped buffer before it is measured.
 */
async function countBufferBytes(work: () => Promise<void>): Promise<number> {
  let counted = 0;
  const originals = BUFFERS.map((name) => [name, globalThis[name]] as const);
  for (const [name, original] of originals) {
    const construct = (_target: object, args: unknown[]): object => {
      const made = Reflect.construct(original, args) as ArrayBuffer | Uint8Array;
      if (!(args[0] instanceof originals[0]![1])) counted += made.byteLength;
      return made;
    };
    Object.assign(globalThis, { [name]: new Proxy(original, { construct }) });
  }
  try {
    await work();
  } finally {
    for (const [name, original] of originals) Object.assign(globalThis, { [name]: original });
  }
  return counted;
}

async function attempt(open: Open, bytes: Uint8Array): Promise<Outcome> {
  let checkpoint: Checkpoint | null = null;
  let error: unknown = null;
  let readBytes = 0;
  const source = strictSource(bytes);
  const counting: ByteSource = {
    ...source,
    read: (offset, length) => {
      readBytes += length;
      return source.read(offset, length);
    },
  };
  const heapBefore = process.memoryUsage().heapUsed;
  const bufferBytes = await countBufferBytes(async () => {
    try {
      checkpoint = await open(counting);
    } catch (caught) {
      error = caught;
    }
  });
  // The checkpoint's memory is in use: a garbage collection in between freed only garbage.
  const heapBytes = Math.max(0, process.memoryUsage().heapUsed - heapBefore);
  return { checkpoint, error, memoryBytes: readBytes + bufferBytes + heapBytes };
}

async function expectValidOrRefused(open: Open, bytes: Uint8Array): Promise<void> {
  const { checkpoint, error, memoryBytes } = await attempt(open, bytes);
  expect(memoryBytes).toBeLessThanOrEqual(bytes.length + SLACK_BYTES);
  if (checkpoint === null) {
    if (!(error instanceof HoldfastError)) throw error;
    expect(['E_GGUF', 'E_SAFETENSORS', 'E_TENSOR_TYPE']).toContain(error.code);
    return;
  }
  const owner = new Uint8Array(bytes.length);
  for (const info of checkpoint.tensors.values()) {
    const elements = info.shape.reduce((product, size) => product * size, 1);
    expect(info.byteLength).toBe(byteLengthOf(info.type, elements));
    expect(owner.subarray(info.offset, info.offset + info.byteLength).every((taken) => taken === 0)).toBe(
      true,
    );
    owner.fill(1, info.offset, info.offset + info.byteLength);
    const stored = await readTensor(info);
    if (info.type !== 'I64') expect(dequantize(info.type, stored)).toHaveLength(elements);
  }
}

/** Numbers that overflow, wrap, or ask for all memory. */
const HOSTILE = [
  0n,
  1n,
  7n,
  255n,
  0x7fffffffn,
  0xffffffffn,
  2n ** 32n,
  2n ** 53n,
  2n ** 60n,
  2n ** 63n,
  2n ** 64n - 1n,
];

type Mutation = (bytes: Uint8Array) => Uint8Array;

/** A position in the file, most often in its first bytes, where the header is. */
const place = fc.oneof(fc.nat(), fc.nat(400), fc.nat(40));

const mutations: fc.Arbitrary<Mutation> = fc.oneof(
  fc.tuple(place, fc.integer({ min: 1, max: 255 })).map(
    ([at, flip]): Mutation =>
      (bytes) => {
        const changed = bytes.slice();
        if (changed.length > 0) changed[at % changed.length]! ^= flip;
        return changed;
      },
  ),
  place.map(
    (at): Mutation =>
      (bytes) =>
        bytes.slice(0, at % (bytes.length + 1)),
  ),
  fc.tuple(place, fc.uint8Array({ minLength: 1, maxLength: 24 })).map(
    ([at, inserted]): Mutation =>
      (bytes) => {
        const cut = at % (bytes.length + 1);
        return new Uint8Array(Buffer.concat([bytes.slice(0, cut), inserted, bytes.slice(cut)]));
      },
  ),
  fc.tuple(place, fc.nat(24)).map(
    ([at, length]): Mutation =>
      (bytes) => {
        const cut = at % (bytes.length + 1);
        return new Uint8Array(Buffer.concat([bytes.slice(0, cut), bytes.slice(cut + length)]));
      },
  ),
);

/** Overwrites one of the file's integers. The builder lists where they are. */
function spliceInteger(integers: BuiltGguf['integers']): fc.Arbitrary<Mutation> {
  const value = fc.oneof(fc.constantFrom(...HOSTILE), fc.bigInt({ min: 0n, max: 300n }));
  return fc.tuple(fc.constantFrom(...integers), value).map(
    ([{ at, bytes: size }, number]): Mutation =>
      (bytes) => {
        const changed = bytes.slice();
        if (at + size > changed.length) return changed;
        const view = new DataView(changed.buffer);
        if (size === 8) view.setBigUint64(at, number, true);
        else view.setUint32(at, Number(BigInt.asUintN(32, number)), true);
        return changed;
      },
  );
}

/** Overwrites a number in the text of a safetensors header. */
const spliceNumber: fc.Arbitrary<Mutation> = fc
  .tuple(
    fc.nat(),
    fc.oneof(fc.constantFrom(...HOSTILE.map(String), '-1', '1e9', '0.5', '""', '[]'), fc.nat(300)),
  )
  .map(
    ([which, value]): Mutation =>
      (bytes) => {
        const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
        const json = Buffer.from(bytes.slice(8, 8 + length)).toString('latin1');
        const numbers = [...json.matchAll(/(?<![\w"])\d+/g)];
        const target = numbers[which % Math.max(numbers.length, 1)];
        if (target === undefined) return bytes;
        const text = json.slice(0, target.index) + value + json.slice(target.index + target[0].length);
        const changed = Buffer.concat([
          Buffer.alloc(8),
          Buffer.from(text, 'latin1'),
          bytes.slice(8 + length),
        ]);
        changed.writeBigUInt64LE(BigInt(text.length), 0);
        return new Uint8Array(changed);
      },
  );

/** Up to three mutations in sequence. The splice is first: other mutations would move its target. */
function mutated(seed: Uint8Array, splice: fc.Arbitrary<Mutation>): fc.Arbitrary<Uint8Array> {
  const none: Mutation = (bytes) => bytes;
  return fc
    .tuple(fc.oneof(splice, fc.constant(none)), fc.array(mutations, { maxLength: 2 }))
    .map(([first, rest]) => rest.reduce((bytes, mutate) => mutate(bytes), first(seed)));
}

const safetensors = new Uint8Array(
  Buffer.concat(
    encodeSafetensors(
      [
        { name: 'ids', type: 'I64', shape: [2], data: new BigInt64Array(2) },
        { name: 'weight', type: 'F32', shape: [2, 3], data: new Float32Array(6) },
        { name: 'empty', type: 'F32', shape: [0], data: new Float32Array(0) },
        { name: 'half', type: 'F16', shape: [3], data: new Uint16Array(3) },
      ],
      { format: 'pt' },
    ),
  ),
);
const fixture = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`../../test/fixtures/${name}`, import.meta.url)));

describe('opening a hostile file', () => {
  it('is measured in a way that detects a large allocation', async () => {
    const careless: Open = async (source) => {
      new Float32Array(32 * MEBIBYTE);
      return openGguf(source);
    };
    const { memoryBytes } = await attempt(careless, smallGguf().bytes);
    expect(memoryBytes).toBeGreaterThan(2 * SLACK_BYTES);
  });

  it('gives a valid checkpoint or an error for a small GGUF file', async () => {
    const { bytes, integers } = smallGguf();
    await expectValidOrRefused(openGguf, bytes);
    const files = mutated(bytes, spliceInteger(integers));
    await fc.assert(
      fc.asyncProperty(files, (file) => expectValidOrRefused(openGguf, file)),
      { numRuns: RUNS },
    );
  });

  it('gives a valid checkpoint or an error for a small safetensors file', async () => {
    await expectValidOrRefused(openSafetensors, safetensors);
    const files = mutated(safetensors, spliceNumber);
    await fc.assert(
      fc.asyncProperty(files, (file) => expectValidOrRefused(openSafetensors, file)),
      { numRuns: RUNS },
    );
  });

  it.each([
    ['gguf/llama.Q4_0.gguf', openGguf],
    ['models/qwen3/model.safetensors', openSafetensors],
  ] as const)('gives a valid checkpoint or an error for %s', async (name, open) => {
    const seed = fixture(name);
    const files = fc
      .array(mutations, { minLength: 1, maxLength: 3 })
      .map((list) => list.reduce((b, m) => m(b), seed));
    await fc.assert(
      fc.asyncProperty(files, (file) => expectValidOrRefused(open, file)),
      { numRuns: RUNS / 20 },
    );
  });

  /** A file whose only metadata value is an array of empty elements: small in the file, large in memory. */
  function bomb(of: 'string' | 'bool' | 'array', elementBytes: number, count: number): Uint8Array {
    const { bytes } = buildGguf({ metadata: [['bomb', { type: 'array', of, values: [] }]], alignment: 1 });
    const file = new Uint8Array(bytes.length + elementBytes * count);
    file.set(bytes);
    new DataView(file.buffer).setBigUint64(bytes.length - 8, BigInt(count), true);
    return file;
  }
  it.each([
    ['empty strings', 'string', 8],
    ['booleans', 'bool', 1],
    ['empty arrays', 'array', 12],
  ] as const)('stays within the memory limit for any number of %s', async (_, of, elementBytes) => {
    for (const count of [200_000, 1_500_000, 8_000_000]) {
      await expectValidOrRefused(openGguf, bomb(of, elementBytes, count));
    }
  });

  const numbered = (count: number, item: (i: number) => string): string =>
    Array.from({ length: count }, (_, i) => item(i)).join();
  it.each([
    ['lists', `{"a":{"x":[${'[],'.repeat(5_000_000)}`],
    ['metadata', `{"__metadata__":{${numbered(190_000, (i) => `"${i}":""`)}}}`],
    ['too much metadata', `{"__metadata__":{${numbered(1_000_000, (i) => `"${i}":""`)}}}`],
    ['tensors', `{${numbered(45_000, (i) => `"${i}":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}`)}}`],
    [
      'too many tensors',
      `{${numbered(250_000, (i) => `"${i}":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}`)}}`,
    ],
    ['wide text', `{"__metadata__":{"é€":"${'a'.repeat(15_000_000)}"}}`],
    ['more than any model needs', `{"__metadata__":{"a":"${'a'.repeat(17_000_000)}"}}`],
  ])('stays within the memory limit for a header full of %s', async (_, text) => {
    const encoded = new TextEncoder().encode(text);
    const bytes = new Uint8Array(8 + encoded.length);
    new DataView(bytes.buffer).setBigUint64(0, BigInt(encoded.length), true);
    bytes.set(encoded, 8);
    await expectValidOrRefused(openSafetensors, bytes);
  });

  it.each([
    ['metadata', 200_000, 0],
    ['tensors', 0, 50_000],
  ])('stays within the memory limit for a GGUF file full of %s', async (_, keys, tensors) => {
    const plan = {
      metadata: Array.from({ length: keys }, (_, i) => [`${i}`, { type: 'u8', value: 1 }] as const),
      tensors: Array.from({ length: tensors }, (_, i) => ({
        name: `${i}`,
        dimensions: [0],
        type: 0,
        offset: 0,
      })),
    };
    await expectValidOrRefused(openGguf, buildGguf(plan).bytes);
  });
});
