import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JsonError, JsonScanner, locateJsonError } from './json-scanner.js';

describe('JsonScanner', () => {
  it('accepts everything that JSON.stringify writes', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(undefined, 2), (value, indent) => {
        expect(locateJsonError(JSON.stringify(value, null, indent))).toBeNull();
      }),
    );
  });

  it('refuses what JSON.parse refuses, and duplicate keys', () => {
    const nearJson = fc.tuple(
      fc.json(),
      fc.nat(),
      fc.string({ unit: fc.constantFrom(...'{}[]",:0.-e \\tn') }),
    );
    fc.assert(
      fc.property(nearJson, ([json, at, insert]) => {
        const cut = at % (json.length + 1);
        const text = json.slice(0, cut) + insert + json.slice(cut);
        const found = locateJsonError(text);
        if (found?.what.startsWith('duplicate key')) return;
        expect(found === null, `${text}: ${found?.what}`).toBe(parses(text));
      }),
      { numRuns: 2000 },
    );
  });

  it('says where a mistake is', () => {
    expect(locateJsonError('{\n  "a": 1,\n  "b" 2\n}')).toEqual({
      what: 'expected :, found "2"',
      line: 3,
      column: 7,
    });
    expect(locateJsonError('{"a": [1, 2')).toMatchObject({
      what: 'expected , or ], found the end',
      column: 12,
    });
  });

  it('reads whole numbers up to 2^53 and nothing else as natural', () => {
    expect(new JsonScanner(' 9007199254740991').natural()).toBe(2 ** 53 - 1);
    for (const text of ['9007199254740992', '-1', '1.0', '1e3', '01', '', 'null']) {
      expect(() => new JsonScanner(text).natural(), text).toThrow(JsonError);
    }
  });
});

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
