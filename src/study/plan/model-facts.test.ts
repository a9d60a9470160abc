import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { NOW } from '../../../test/support/text-fixtures.js';
import { type Computed, dialogueAddress } from './address.js';
import { modelFacts } from './model-facts.js';

const FIXTURES = fileURLToPath(new URL('../../../test/fixtures/models', import.meta.url));

type Json = Record<string, unknown>;

/** Copies a fixture and changes one of its files, or creates it. */
function changed(model: string, file: string, change: (value: Json) => Json): string {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-facts-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  cpSync(join(FIXTURES, model), folder, { recursive: true });
  const path = join(folder, file);
  const before: Json = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {};
  writeFileSync(path, JSON.stringify(change(before)));
  return folder;
}

const factsOf = (path: string) => modelFacts({ path, precision: null, executor: 'reference' });

async function addressOf(path: string): Promise<string> {
  const computed: Computed = { executor: 'reference', facts: await factsOf(path), versions: {}, now: NOW };
  const point = { scenario: { content: 'words', rounds: 2 }, seed: 0, index: 0 };
  const arm = { name: 'off', settings: { policy: 'off' }, repeatEvery: null, noSystem: false } as const;
  return dialogueAddress(computed, point, arm, {
    sampling: {},
    maxTokens: 10,
    probeRounds: [],
    probeRepeats: 1,
  });
}

it('a model may write the time if its template names strftime_now', async () => {
  const dated = changed('llama', 'config.json', (config) => config);
  expect((await factsOf(dated)).mayWriteTime).toBe(false);
  writeFileSync(join(dated, 'chat_template.jinja'), "{{ strftime_now('%Y') }}");
  expect((await factsOf(dated)).mayWriteTime).toBe(true);
});

describe('the address of a cell with the same weights', () => {
  it.each<[string, string, string, (value: Json) => Json]>([
    [
      'RoPE base',
      'llama',
      'config.json',
      (config) => ({ ...config, rope_parameters: { rope_theta: 20_000, rope_type: 'default' } }),
    ],
    ['norm epsilon', 'llama', 'config.json', (config) => ({ ...config, rms_norm_eps: 1e-4 })],
    ['window', 'gemma3', 'config.json', (config) => ({ ...config, sliding_window: 9 })],
    ['end-of-sequence token', 'llama', 'generation_config.json', () => ({ eos_token_id: 7 })],
    ['tokenizer', 'llama', 'tokenizer.json', (tokenizer) => ({ ...tokenizer, pre_tokenizer: null })],
    ['tokenizer setting', 'llama', 'tokenizer_config.json', (config) => ({ ...config, eos_token: 'a' })],
  ])('changes with the %s', async (_, model, file, change) => {
    const original = join(FIXTURES, model);
    const copy = changed(model, file, change);
    expect((await factsOf(copy)).hash).toBe((await factsOf(original)).hash);
    expect(await addressOf(copy)).not.toBe(await addressOf(original));
  });

  it('does not change with the order of keys or with unused keys of the configuration', async () => {
    const reversed = (value: Json): Json => Object.fromEntries(Object.entries(value).reverse());
    const original = await addressOf(join(FIXTURES, 'llama'));
    expect(await addressOf(changed('llama', 'tokenizer.json', reversed))).toBe(original);
    const note = (config: Json): Json => ({ ...config, _name_or_path: 'elsewhere' });
    expect(await addressOf(changed('llama', 'config.json', note))).toBe(original);
  });
});
