import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Message } from './protobuf.js';

const encoded = (message: Message): number[] => [...message.encode()];

/** A field as any reader of protocol buffers sees it. */
type Field =
  | { readonly field: number; readonly kind: 'int'; readonly value: bigint }
  | { readonly field: number; readonly kind: 'bytes' | 'float'; readonly value: Uint8Array };

/** Parses a message by the specification of the encoding; shares no code with the writer. */
function decode(bytes: Uint8Array): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++]!;
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  const take = (size: number): Uint8Array => {
    at += size;
    return bytes.subarray(at - size, at);
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const field = tag >> 3;
    const wire = tag & 7;
    if (wire === 0) fields.push({ field, kind: 'int', value: BigInt.asIntN(64, varint()) });
    else if (wire === 5) fields.push({ field, kind: 'float', value: take(4) });
    else if (wire === 2) fields.push({ field, kind: 'bytes', value: take(Number(varint())) });
    else throw new Error(`wire type ${wire}`);
  }
  return fields;
}

describe('Message', () => {
  it.each([
    [0, [0x08, 0x00]],
    [1, [0x08, 0x01]],
    [127, [0x08, 0x7f]],
    [128, [0x08, 0x80, 0x01]],
    // The encoding guide's own example.
    [150, [0x08, 0x96, 0x01]],
    [16383, [0x08, 0xff, 0x7f]],
    [16384, [0x08, 0x80, 0x80, 0x01]],
    [2 ** 32, [0x08, 0x80, 0x80, 0x80, 0x80, 0x10]],
    [Number.MAX_SAFE_INTEGER, [0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f]],
    [-1, [0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]],
    [-2, [0x08, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]],
  ])('writes the integer %d', (value, bytes) => {
    expect(encoded(new Message().int(1, value))).toEqual(bytes);
  });

  it('writes field numbers beyond one byte', () => {
    expect(encoded(new Message().int(15, 1))).toEqual([0x78, 1]);
    expect(encoded(new Message().int(16, 1))).toEqual([0x80, 0x01, 1]);
    expect(encoded(new Message().string(2000, 'x'))).toEqual([0x82, 0x7d, 1, 0x78]);
  });

  it('writes floats little-endian, strings as UTF-8, and empty fields as empty', () => {
    expect(encoded(new Message().float(2, 1.5))).toEqual([0x15, 0, 0, 0xc0, 0x3f]);
    expect(encoded(new Message().string(2, 'π'))).toEqual([0x12, 2, 0xcf, 0x80]);
    expect(encoded(new Message().string(2, ''))).toEqual([0x12, 0]);
    expect(encoded(new Message().message(3, new Message()))).toEqual([0x1a, 0]);
    expect(encoded(new Message())).toEqual([]);
  });

  it('nests messages with their lengths, also lengths of two bytes', () => {
    const inner = new Message().int(1, 150);
    expect(encoded(new Message().message(3, inner))).toEqual([0x1a, 3, 0x08, 0x96, 0x01]);
    const long = new Message().bytes(1, new Uint8Array(300).fill(7));
    const outer = new Message().message(2, new Message().message(2, long)).int(9, 1).encode();
    const [middle, last] = decode(outer);
    expect(last).toEqual({ field: 9, kind: 'int', value: 1n });
    const [deep] = decode(middle!.value as Uint8Array);
    const [payload] = decode(deep!.value as Uint8Array);
    expect(payload).toEqual({ field: 1, kind: 'bytes', value: new Uint8Array(300).fill(7) });
  });

  it('appends the fields of another message in order', () => {
    const first = new Message().int(1, 1);
    const both = first.append(new Message().int(2, 2).int(3, 3));
    expect(both).toBe(first);
    expect(encoded(both)).toEqual([0x08, 1, 0x10, 2, 0x18, 3]);
  });

  it('parses to the fields that were written, at any depth', () => {
    const int = fc.maxSafeInteger();
    const { message } = fc.letrec<{ message: Written[] }>((tie) => ({
      message: fc.array(
        fc.oneof(
          { depthSize: 'small' },
          fc.record({ field: fc.integer({ min: 1, max: 3000 }), int }),
          fc.record({ field: fc.integer({ min: 1, max: 3000 }), bytes: fc.uint8Array({ maxLength: 200 }) }),
          fc.record({ field: fc.integer({ min: 1, max: 3000 }), nested: tie('message') }),
        ),
        { maxLength: 6 },
      ),
    }));
    fc.assert(
      fc.property(message, (fields) => {
        expectRead(fields, write(fields).encode());
      }),
    );
  });
});

type Written = { readonly field: number } & (
  | { readonly int: number }
  | { readonly bytes: Uint8Array }
  | { readonly nested: readonly Written[] }
);

function write(fields: readonly Written[]): Message {
  const message = new Message();
  for (const part of fields) {
    if ('int' in part) message.int(part.field, part.int);
    else if ('bytes' in part) message.bytes(part.field, part.bytes);
    else message.message(part.field, write(part.nested));
  }
  return message;
}

function expectRead(fields: readonly Written[], bytes: Uint8Array): void {
  const read = decode(bytes);
  expect(read.map(({ field }) => field)).toEqual(fields.map(({ field }) => field));
  for (const [i, part] of fields.entries()) {
    const { value } = read[i]!;
    if ('int' in part) expect(value).toBe(BigInt(part.int));
    else if ('bytes' in part) expect(value).toEqual(part.bytes);
    else expectRead(part.nested, value as Uint8Array);
  }
}
