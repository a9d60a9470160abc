import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeUtf8, halfPairIn } from './utf8.js';

const decode = (...bytes: readonly number[]): string => decodeUtf8(Uint8Array.from(bytes), 'a.txt');
/** Texts of any characters. fast-check's own take seconds to prepare. */
const anyText = fc
  .array(fc.integer({ min: 0, max: 0x10ffff }).filter((code) => code < 0xd800 || code > 0xdfff))
  .map((codes) => String.fromCodePoint(...codes));
const latin1 = (text: string): Uint8Array => Buffer.from(text, 'latin1');

describe('decodeUtf8', () => {
  it('returns every text that was encoded, with or without a byte order mark', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        // A text whose first two characters include a single U+0000 is taken for UTF-16.
        fc.pre(!text.slice(0, 2).includes('\0') && !text.startsWith('\ufeff'));
        expect(decodeUtf8(Buffer.from(text), 'a.txt')).toBe(text);
        expect(decodeUtf8(Buffer.from(`\ufeff${text}`), 'a.txt')).toBe(text);
      }),
    );
  });

  it('removes only the first byte order mark', () => {
    expect(decodeUtf8(Buffer.from('\ufeff\ufeffa\ufeffb'), 'a.txt')).toBe('\ufeffa\ufeffb');
    expect(decodeUtf8(Buffer.from('\ufeff'), 'a.txt')).toBe('');
    expect(decodeUtf8(new Uint8Array(0), 'a.txt')).toBe('');
  });

  it('keeps a byte order mark where the bytes are not the start of the file', () => {
    expect(decodeUtf8(Buffer.from('\ufeffa'), 'a.txt', 12)).toBe('\ufeffa');
  });

  it('keeps U+0000 inside a text', () => {
    expect(decode(0x61, 0x62, 0x00, 0x63)).toBe('ab\0c');
  });

  // The offsets are those of Python's UnicodeDecodeError.
  it.each([
    ['Latin-1', [...latin1('{"é"}')], 2, '0xe9'],
    ['a continuation without a start', [0x61, 0x62, 0x80], 2, '0x80'],
    ['a start without its continuation', [0xe2, 0x28, 0xa1], 0, '0xe2'],
    ['an overlong form', [0x61, 0xc0, 0xaf], 1, '0xc0'],
    ['an overlong form of three bytes', [0x61, 0x62, 0xe0, 0x80, 0x80], 2, '0xe0'],
    ['half of a surrogate pair', [0x61, 0x62, 0xed, 0xa0, 0x80], 2, '0xed'],
    ['a character above U+10FFFF', [0x61, 0x62, 0xf4, 0x90, 0x80, 0x80], 2, '0xf4'],
    ['a byte that starts nothing', [0x61, 0x62, 0xf5, 0x61], 2, '0xf5'],
    ['a character that is broken after three bytes', [0x61, 0x62, 0xf0, 0x9f, 0x98, 0x28], 2, '0xf0'],
  ])('refuses %s at its byte', (_, bytes, offset, byte) => {
    expect(() => decode(...bytes)).toThrow(
      `E_UNREADABLE: the text is not UTF-8: invalid byte ${byte} (a.txt, byte ${offset}). Save it as UTF-8`,
    );
  });

  it.each([1, 2, 3])('refuses a text that ends %i bytes into an emoji', (length) => {
    const bytes = Buffer.concat([Buffer.from('aé'), Buffer.from('😀').subarray(0, length)]);
    expect(() => decodeUtf8(bytes, 'a.txt')).toThrow(
      'E_UNREADABLE: the text is not UTF-8: it ends inside a character (a.txt, byte 3)',
    );
  });

  it.each([
    ['UTF-16 LE with a byte order mark', [0xff, 0xfe, 0x7b, 0x00]],
    ['UTF-16 BE with a byte order mark', [0xfe, 0xff, 0x00, 0x7b]],
    ['UTF-32 LE with a byte order mark', [0xff, 0xfe, 0x00, 0x00, 0x7b, 0x00, 0x00, 0x00]],
    ['UTF-32 BE with a byte order mark', [0x00, 0x00, 0xfe, 0xff, 0x00, 0x00, 0x00, 0x7b]],
    ['UTF-16 LE without a byte order mark', [0x7b, 0x00, 0x7d, 0x00]],
    ['UTF-16 BE without a byte order mark', [0x00, 0x7b, 0x00, 0x7d]],
  ])('names %s', (encoding, bytes) => {
    expect(() => decode(...bytes)).toThrow(
      `E_UNREADABLE: the text is ${encoding}, not UTF-8 (a.txt, byte 0). Save it as UTF-8`,
    );
  });

  it('finds the first invalid byte wherever it is', () => {
    const whole = anyText.filter((text) => !text.startsWith('\ufeff'));
    fc.assert(
      fc.property(whole, whole, fc.constantFrom(0x80, 0xc0, 0xff), (before, after, byte) => {
        const start = Buffer.from(`ab${before}`);
        const bytes = Buffer.concat([start, Uint8Array.of(byte), Buffer.from(after)]);
        expect(() => decodeUtf8(bytes, 'a.txt')).toThrow(`(a.txt, byte ${start.length})`);
      }),
    );
  });
});

describe('halfPairIn', () => {
  it('finds half a pair in values, in names and at any depth', () => {
    expect(halfPairIn('a\ud800')).toEqual([]);
    expect(halfPairIn({ messages: [{ content: 'a' }, { content: '\udc00b' }] })).toEqual([
      'messages',
      '1',
      'content',
    ]);
    expect(halfPairIn({ a: { '\ud800': 1 } })).toEqual(['a']);
  });

  it('accepts whole pairs and everything that is no text', () => {
    expect(halfPairIn({ '😀': ['😀', 1, null, true] })).toBeNull();
  });

  it('takes no more memory for a text of nothing but brackets than for another of that length', () => {
    const depth = 200_000;
    const json: unknown = JSON.parse(`${'['.repeat(depth)}"\\ud800"${']'.repeat(depth)}`);
    expect(halfPairIn(json)).toHaveLength(depth);
  });
});
