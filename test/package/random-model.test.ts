import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { createReferenceExecutor } from '../../src/executors/index.js';
import { fixture, temporaryFolder } from '../cli/holdfast.js';
import { openPlanned } from '../conformance/fixtures.js';

const script = fileURLToPath(new URL('../../scripts/random-model.mjs', import.meta.url));

function randomModel(family: string, ...flags: string[]): string {
  const out = join(temporaryFolder(), family);
  execFileSync(process.execPath, [script, fixture(`models/${family}`), out, ...flags]);
  return out;
}

it('scripts/random-model.mjs writes a model that runs, the same for the same seed', async () => {
  // phi3 stacks weights, and has an untied head.
  const folder = randomModel('phi3');
  const { plan, files } = await openPlanned(folder);
  const executor = await createReferenceExecutor(plan, files.checkpoint);
  const sequence = executor.open(16);
  const [result] = await executor.forward([{ sequence, tokens: [1, 2, 3], logits: 'last' }]);
  expect(new Set(result!.logits).size).toBeGreaterThan(500);
  expect(result!.logits.every(Number.isFinite)).toBe(true);
  expect(files.tokenizer).toEqual(JSON.parse(readFileSync(fixture('models/phi3/tokenizer.json'), 'utf8')));

  const weights = (from: string): Buffer => readFileSync(join(from, 'model.safetensors'));
  expect(weights(randomModel('phi3', '--seed', '1')).equals(weights(folder))).toBe(true);
  expect(weights(randomModel('phi3', '--seed', '2')).equals(weights(folder))).toBe(false);
});
