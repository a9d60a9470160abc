import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseOptions, UsageError } from './options.mjs';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const MODEL = ['--model', 'options.mjs'];

it('resolves the models relative to the given folder', () => {
  const args = [...MODEL, '--model', '../README.md', '--threads', '4', '--subjects', 'split,peer'];
  const options = parseOptions(args, HERE);
  assert.ok(!options.help);
  assert.deepEqual(options.models, [`${HERE}options.mjs`, resolve(HERE, '../README.md')]);
  assert.equal(options.threads, 4);
  assert.deepEqual(
    options.subjects.map(({ id }) => id),
    ['peer', 'split'],
  );
});

it('selects the GPU subjects', () => {
  const ids = (/** @type {string[]} */ args) => {
    const options = parseOptions([...MODEL, ...args], HERE);
    assert.ok(!options.help);
    return options.subjects.map(({ id }) => id);
  };
  assert.deepEqual(ids(['--gpu']), ['peer-cuda', 'gpu', 'gpu-measured', 'gpu-split']);
  assert.deepEqual(ids(['--subjects', 'gpu-split,off']), ['off', 'gpu-split']);
});

it('selects workloads', () => {
  const options = parseOptions([...MODEL, '--workloads', 'batch,short'], HERE);
  assert.ok(!options.help);
  assert.deepEqual(
    options.workloads.map(({ id }) => id),
    ['short', 'batch'],
  );
});

for (const [what, args] of /** @type {[string, string[]][]} */ ([
  ['no model', []],
  ['a model file that does not exist', [...MODEL, '--model', 'none.gguf']],
  ['threads that are not a number', [...MODEL, '--threads', 'two']],
  ['an unknown subject', [...MODEL, '--subjects', 'peer,nobody']],
  ['an unknown workload', [...MODEL, '--workloads', 'short,huge']],
  ['an unknown option', [...MODEL, '--fast']],
])) {
  it(`refuses ${what}`, () => {
    assert.throws(() => parseOptions(args, HERE), UsageError);
  });
}
