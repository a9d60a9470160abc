import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { FAMILIES, familyOfConfig } from '../../src/architectures/families.js';

const root = new URL('../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');

/** What test/oracle/make.py writes for a family. */
const FIXTURES = [
  'config.json',
  'config.v4.json',
  'model.safetensors',
  'tokenizer.json',
  'text.json',
  'expected.json',
  'expected.safetensors',
];

/** Families in FAMILIES whose GGUF has no file of its own: plan.test.ts renames the tensors of qwen2. */
const WITHOUT_GGUF = ['qwen2'];

const published: Readonly<Record<string, { config: { model_type: string } }>> = JSON.parse(
  read('test/fixtures/published.json'),
);
const publishedTypes = Object.values(published).map(({ config }) => config.model_type);
const ggufFiles = readdirSync(new URL('test/fixtures/gguf', root));

describe.each(FAMILIES)('the family $name', ({ name, modelTypes, ggufArchitecture }) => {
  it('has a tiny model with its golden outputs', () => {
    const lacking = FIXTURES.filter(
      (file) => !existsSync(new URL(`test/fixtures/models/${name}/${file}`, root)),
    );
    expect(lacking, `run python test/oracle/make.py ${name}`).toEqual([]);
  });

  it.skipIf(ggufArchitecture === null)('has a GGUF file and a published model', () => {
    const files = ggufFiles.filter((file) => file.startsWith(`${name}.`) && file.endsWith('.gguf'));
    expect(
      files.length > 0 || WITHOUT_GGUF.includes(name),
      `${name} has no GGUF: add it to NAMES in test/oracle/gguf_file.py and run make.py --gguf`,
    ).toBe(true);
    expect(
      modelTypes.some((type) => publishedTypes.includes(type)),
      `${name} has no published model: add one to MODELS in test/oracle/published.py and run it`,
    ).toBe(true);
  });
});

describe('the families that run', () => {
  it('are those that README.md names', () => {
    const [, list] = /^These families run: (.+)\.$/m.exec(read('README.md'))!;
    const named = list!.split(/, | and /).map((entry) =>
      entry
        .replace(/ \(.*?\)/, '')
        .replace(/[ -]/g, '')
        .toLowerCase(),
    );
    expect(named).toEqual(FAMILIES.map(({ name }) => name));
  });

  it('are those of the error in docs/errors.md', () => {
    const [message] = /E_UNSUPPORTED: architecture .+/.exec(read('docs/errors.md'))!;
    expect(() => familyOfConfig({ model_type: 'gpt2' }, 'config.json')).toThrow(
      expect.objectContaining({ message }),
    );
  });
});
