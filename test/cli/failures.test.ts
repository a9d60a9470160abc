import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { expectFailure, fixture, holdfast, start, temporaryFile, temporaryFolder } from './holdfast.js';

const llama = fixture('models/llama');

/** A copy of the tiny llama without some files, or with others in their place. */
function modelWith(files: Readonly<Record<string, string | null>>): string {
  const folder = temporaryFolder();
  for (const name of ['config.json', 'model.safetensors', 'tokenizer.json', 'chat_template.jinja']) {
    const content = files[name];
    if (content === null) continue;
    writeFileSync(join(folder, name), content ?? readFileSync(join(llama, name)));
  }
  return folder;
}

describe('what goes wrong is said in one line', () => {
  const out = (): string => join(temporaryFolder(), 'trace.safetensors');
  const trace = (...args: string[]) => holdfast(['trace', llama, ...args, '--out', out()]);
  const failing: readonly (readonly [string, () => ReturnType<typeof holdfast>, number, RegExp])[] = [
    ['a path that is not there', () => holdfast(['inspect', 'nowhere/at/all']), 1, /E_NOT_FOUND: .*nowhere/],
    [
      'a file of no known format',
      () => holdfast(['inspect', temporaryFile('model.bin', 'PK and so on')]),
      1,
      /E_UNKNOWN_FORMAT: .*model\.bin/,
    ],
    [
      'a model without a tokenizer',
      () => holdfast(['tokens', modelWith({ 'tokenizer.json': null }), '--text', 'a']),
      1,
      /E_TOKENIZER: the model has no tokenizer/,
    ],
    [
      'a model without a tokenizer, traced on words',
      () => holdfast(['trace', modelWith({ 'tokenizer.json': null }), '--text', 'a', '--out', out()]),
      1,
      /E_TOKENIZER: the model has no tokenizer/,
    ],
    [
      'a model without a chat template',
      () =>
        holdfast(
          ['tokens', modelWith({ 'chat_template.jinja': null }), '--chat', '-'],
          '[{"role":"user","content":"a"}]',
        ),
      1,
      /E_TEMPLATE: the model has no chat template/,
    ],
    [
      'a template that raises',
      () => {
        const model = modelWith({ 'chat_template.jinja': "{{ raise_exception('Roles must\nalternate') }}" });
        return holdfast(['tokens', model, '--chat', '-'], '[{"role":"user","content":"a"}]');
      },
      1,
      /E_TEMPLATE: .*refuses this dialogue: Roles must alternate/,
    ],
    [
      'a token id out of range',
      () => trace('--ids', '1,2,512'),
      1,
      /E_TOKEN_RANGE: token id 512 at 2 .* 512/,
    ],
    [
      'a strength out of range',
      () => trace('--ids', '1,2', '--target', '0:1', '--policy', 'split-softmax', '--strength', '1.5'),
      1,
      /E_STRENGTH: split-softmax takes k from 0 to 1, not 1\.5/,
    ],
    [
      'a strength out of range in a file',
      () => {
        const file = temporaryFile('strengths.json', [
          [1, 1, 1, 1],
          [1, 1, 1, -2],
          [1, 1, 1, 1],
        ]);
        return trace('--ids', '1,2', '--target', '0:1', '--policy', 'split-softmax', '--strengths', file);
      },
      1,
      /E_STRENGTH: layer 1, head 3: split-softmax takes k from 0 to 1, not -2/,
    ],
    [
      'strengths for too few heads',
      () => {
        const file = temporaryFile('strengths.json', [[1, 1, 1, 1], [1, 1, 1, 1], [1]]);
        return trace('--ids', '1,2', '--target', '0:1', '--policy', 'split-softmax', '--strengths', file);
      },
      1,
      /E_STRENGTH: layer 2 has strengths for 1 heads, but the model has 4/,
    ],
    [
      'strengths that are not numbers',
      () => {
        const file = temporaryFile('strengths.json', [[1, 1, 'x', 1]]);
        return trace('--ids', '1,2', '--target', '0:1', '--policy', 'split-softmax', '--strengths', file);
      },
      1,
      /E_STRENGTH: layer 0, head 2, .*strengths\.json/,
    ],
    [
      'a target beyond the tokens',
      () => trace('--ids', '1,2', '--target', '0:3'),
      1,
      /E_TARGET: the target 0:3 reaches beyond the 2 tokens/,
    ],
    [
      'a target that plain tokens do not have',
      () => trace('--text', 'a b', '--target', 'content'),
      1,
      /E_TARGET: the target content needs a dialogue/,
    ],
    [
      'a policy that acts on nothing',
      () => trace('--ids', '1,2,3', '--target', '0:3', '--policy', 'boost', '--strength', '2'),
      1,
      /E_UNTOUCHED: the intervention touched none of 3 rows/,
    ],
    [
      'more tokens than the model was made for',
      () => trace('--ids', '1,2,3', '--generate', '510'),
      1,
      /E_CONTEXT_FULL: 513 tokens are more than the 512/,
    ],
    [
      'a dialogue with a role that is none',
      () => holdfast(['tokens', llama, '--chat', '-'], '{"messages":[{"role":"pirate","content":"a"}]}'),
      1,
      /E_DIALOGUE: .*messages\.0\.role/,
    ],
    [
      'a dialogue that is not JSON',
      () => holdfast(['tokens', llama, '--chat', '-'], '[{"role": user}]'),
      1,
      /E_UNREADABLE: .*line 1, column 11.*standard input/,
    ],
    [
      'a file that cannot be written',
      () => holdfast(['trace', llama, '--ids', '1', '--out', join(temporaryFolder(), 'no/such/folder')]),
      1,
      /E_UNWRITABLE: .*is not a folder/,
    ],
  ];
  it.each(failing)('%s', async (_, run, code, message) => expectFailure(await run(), code, message));
});

describe('what is asked wrongly ends with 2', () => {
  const out = ['--out', 'trace.safetensors'];
  const wrong: readonly (readonly [string, readonly string[], RegExp])[] = [
    ['an option that is not there', ['tokens', llama, '--jsn'], /unknown option '--jsn'/],
    ['a command that is not there', ['tokes'], /unknown command 'tokes'/],
    ['two models', ['inspect', llama, llama], /too many arguments/],
    ['neither text nor dialogue', ['tokens', llama], /E_USAGE: nothing to tokenize/],
    ['no input', ['trace', llama, ...out], /exactly one of --ids/],
    ['two inputs', ['trace', llama, '--ids', '1', '--text', 'a', ...out], /exactly one of --ids/],
    [
      'one strength for a policy that has one for each head',
      ['trace', llama, '--ids', '1', '--target', 'sink', '--policy', 'hold', '--strength', '0.5', ...out],
      /hold has a strength of its own/,
    ],
    [
      'standard input for two files',
      ['trace', llama, '--chat', '-', '--policy', 'boost', '--strengths', '-', ...out],
      /only one file can be standard input/,
    ],
    ['no file to write', ['trace', llama, '--ids', '1'], /give --out, the file to write, or --against/],
    ['ids that are none', ['trace', llama, '--ids', '1,x', ...out], /"x" is not a whole number/],
    ['a chunk of nothing', ['trace', llama, '--ids', '1', '--chunk', '0', ...out], /a whole number from 1/],
    [
      'a policy without a strength',
      ['trace', llama, '--ids', '1', '--target', 'sink', '--policy', 'boost', ...out],
      /boost needs --strength/,
    ],
    [
      'a policy on plain tokens without a target',
      ['trace', llama, '--ids', '1', '--policy', 'boost', '--strength', '2', ...out],
      /boost needs a --target/,
    ],
    [
      'a strength without a policy',
      ['trace', llama, '--ids', '1', '--strength', '2', ...out],
      /needs a --policy/,
    ],
    [
      'a tensor that is not there',
      ['trace', llama, '--ids', '1', '--tensors', 'logit', ...out],
      /"logit" is not a tensor/,
    ],
    [
      'a tensor this run cannot have',
      ['trace', llama, '--ids', '1', '--tensors', 'span.shares', ...out],
      /span\.shares needs a dialogue/,
    ],
    [
      'a layer that is not there',
      ['trace', llama, '--ids', '1', '--attention', '3', ...out],
      /no attention of layer 3/,
    ],
    [
      'an option that the executor does not read',
      ['trace', llama, '--ids', '1', '--executor', 'reference', '--threads', '2', ...out],
      /E_USAGE: the reference executor takes no threads/,
    ],
    [
      'an executor that is not there',
      ['trace', llama, '--ids', '1', '--executor', 'npu', ...out],
      /Allowed choices/,
    ],
  ];
  it.each(wrong)('%s', async (_, args, message) => {
    expectFailure(await holdfast(args), 2, message);
    expect(existsSync('trace.safetensors')).toBe(false);
  });
});

it('shows where an error comes from with --debug, and not without', async () => {
  const quiet = await holdfast(['inspect', 'nowhere']);
  expect(quiet.stderr).not.toMatch(/\n\s+at /);
  const loud = await holdfast(['inspect', 'nowhere', '--debug']);
  expect(loud.stderr).toMatch(/^HoldfastError: E_NOT_FOUND.*\n\s+at /);
  expect(loud.code).toBe(1);
});

it('ends quietly when the reader of its output leaves', async () => {
  const child = start(['tokens', llama, '--text', 'wave '.repeat(20_000), '--json']);
  child.stdout.destroy();
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const code = await new Promise((resolve) => child.on('close', resolve));
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
});
