import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { textLines } from './text-lines.js';

/** Returns the lines of a stream that arrives in pieces of the given size. */
async function linesOf(bytes: Uint8Array, size: number): Promise<string[]> {
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
  }
  const lines: string[] = [];
  for await (const line of textLines(pieces(), 'standard input')) lines.push(line);
  return lines;
}

describe('textLines', () => {
  it('returns the same lines however the stream is cut, characters included', async () => {
    const line = fc.string({ unit: 'grapheme' }).filter((text) => !/[\r\n]|^\ufeff/.test(text));
    await fc.assert(
      fc.asyncProperty(fc.array(line), fc.integer({ min: 1, max: 9 }), async (lines, size) => {
        const bytes = Buffer.from(lines.map((each) => `${each}\n`).join(''));
        expect(await linesOf(bytes, size)).toEqual(lines);
      }),
    );
  });

  it('ends lines at \\n, \\r\\n and \\r, and the last at the end', async () => {
    expect(await linesOf(Buffer.from('a\r\n\r\nb\rc\nd'), 2)).toEqual(['a', '', 'b', 'c', 'd']);
    expect(await linesOf(Buffer.from('a\u2028b\n'), 1)).toEqual(['a\u2028b']);
    expect(await linesOf(Buffer.from(''), 1)).toEqual([]);
  });

  it('removes a byte order mark at the start', async () => {
    expect(await linesOf(Buffer.from('\ufeffa\n\ufeffb\n'), 1)).toEqual(['a', '\ufeffb']);
  });

  it('refuses a line that is not UTF-8 at its byte in the stream', async () => {
    const bytes = Buffer.concat([Buffer.from('é\nb\n'), Buffer.from('cé!', 'latin1')]);
    await expect(linesOf(bytes, 3)).rejects.toThrow(
      'E_UNREADABLE: the text is not UTF-8: invalid byte 0xe9 (standard input, byte 6)',
    );
  });
});
