import { expect, it } from 'vitest';
import { koffi } from './koffi.js';
import { stderrCatcher } from './native-stderr.js';

it.skipIf(process.platform === 'win32')(
  'what native code writes to standard error is caught, twice too',
  async () => {
    const write: (file: number, text: string, length: number) => number = koffi
      .load(null)
      .func('size_t write(int, const char *, size_t)');
    const caught = await stderrCatcher();
    for (const text of ['first\n', 'and second, naïve\n']) {
      const { result, written } = caught(() => write(2, text, Buffer.byteLength(text)));
      expect(written).toBe(text);
      expect(Number(result)).toBe(Buffer.byteLength(text));
    }
    expect(() =>
      caught(() => {
        throw new Error('of the call');
      }),
    ).toThrow('of the call');
    expect(caught(() => 1)).toEqual({ result: 1, written: '' });
  },
);
