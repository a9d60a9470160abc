import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { expectFailure, fixture, holdfast, start, temporaryFile, temporaryFolder } from './holdfast.js';

const llama = fixture('models/llama');

/** A copy of the tiny llama with some files removed or replaced. */
function modelWith(files: Readonly<Record<string, string | null>>): string {
  const folder = temporaryFolder();
  for (const name of ['config.json', 'model.safetensors', 'tokenizer.json', 'chat_template.jinja']) {
    const content = files[name];
    if (content === null) continue;
    writeFileSync(join(folder, name), content ?? readFileSync(join(llama, name)));
  }
  return folder;
}

describe('an error is reported in one line', () => {
  const out = (): string => join(temporaryFolder(), 'trace.safetensors');
  const trace = (...args: string[]) => holdfast(['trace', llama, ...args, '--out', out()]);
  const failing: readonly (readonly [string, () => ReturnType<typeof holdfast>, number, RegExp])[] = [
    ['a missing path', () => holdfast(['inspect', 'nowhere/at/all']), 1, /E_NOT_FOUND: .*nowhere/],
    [
      'a file of an unknown format',
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
      'a model without a tokenizer, traced on text',
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
      /E_TOKEN_RANGE: token id 512 at index 2 .* 512/,
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
      /E_TARGET: the target 0:3 extends beyond the 2 tokens/,
    ],
    [
      'a target that plain tokens do not have',
      () => trace('--text', 'a b', '--target', 'content'),
      1,
      /E_TARGET: the target content needs a dialogue: .* \(--chat\), .* --target sink/,
    ],
    [
      'a policy that changes nothing',
      () => trace('--ids', '1,2,3', '--target', '0:3', '--policy', 'boost', '--strength', '2'),
      1,
      /E_UNTOUCHED: the intervention changed no share in 3 rows/,
    ],
    [
      "more tokens than the model's context length",
      () => trace('--ids', '1,2,3', '--generate', '510'),
      1,
      /E_CONTEXT_FULL: the run has 513 tokens, more than the model's context length of 512\. .*--generate/,
    ],
    [
      'a dialogue that does not fit what it is measured in',
      () => {
        const messages = [
          { role: 'system', content: 'Hold.' },
          { role: 'user', content: 'hi' },
        ];
        const small = ['--context', '64', '--executor', 'reference', '--out', temporaryFolder()];
        return holdfast(['measure', llama, '--chat', temporaryFile('chat.json', messages), ...small]);
      },
      1,
      /E_CONTEXT_FULL: .*\. Measure fewer turns \(--rounds\), shorter answers \(--max-tokens\), .* 64 \(--context\)$/m,
    ],
    [
      'a tensor that plain tokens do not have',
      () => trace('--ids', '1,2,3', '--tensors', 'span.shares'),
      2,
      /E_USAGE: the tensor span\.shares needs a dialogue: .* --chat/,
    ],
    [
      'a tensor that needs an option',
      () => trace('--ids', '1,2,3', '--tensors', 'generated'),
      2,
      /E_USAGE: the tensor generated needs .* --generate/,
    ],
    [
      'a dialogue with an unknown role',
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
      /E_UNWRITABLE: cannot write: there is no folder /,
    ],
  ];
  it.each(failing)('%s', async (_, run, code, message) => expectFailure(await run(), code, message));
});

describe('a usage error exits with 2', () => {
  const out = ['--out', 'trace.safetensors'];
  const wrong: readonly (readonly [string, readonly string[], RegExp])[] = [
    ['an unknown option', ['tokens', llama, '--jsn'], /unknown option '--jsn'/],
    ['an unknown command', ['tokes'], /unknown command 'tokes'/],
    ['two models', ['inspect', llama, llama], /too many arguments/],
    ['neither text nor dialogue', ['tokens', llama], /E_USAGE: nothing to tokenise/],
    ['no input', ['trace', llama, ...out], /exactly one of --ids/],
    ['two inputs', ['trace', llama, '--ids', '1', '--text', 'a', ...out], /exactly one of --ids/],
    [
      'one strength for a policy that has one for each head',
      ['trace', llama, '--ids', '1', '--target', 'sink', '--policy', 'sustain', '--strength', '0.5', ...out],
      /the policy sustain takes no strength or schedule: it measures its own strength in the first answer/,
    ],
    [
      'a strength for a policy that changes nothing',
      ['trace', llama, '--ids', '1', '--target', 'sink', '--policy', 'off', '--strength', '0.5', ...out],
      /the policy off takes no strength or schedule: it changes nothing/,
    ],
    [
      'a policy that needs answers to measure its strength in',
      ['trace', llama, '--ids', '1', '--target', 'sink', '--policy', 'sustain', ...out],
      /the policy sustain is for chats: it measures its own strength in the first answer/,
    ],
    [
      'standard input for two files',
      ['trace', llama, '--chat', '-', '--policy', 'boost', '--strengths', '-', ...out],
      /only one file can be standard input/,
    ],
    [
      'no file to write',
      ['trace', llama, '--ids', '1'],
      /no output: give --out or --html, the file to write, or --against/,
    ],
    ['ids that are not numbers', ['trace', llama, '--ids', '1,x', ...out], /"x" is not a whole number/],
    ['an empty chunk', ['trace', llama, '--ids', '1', '--chunk', '0', ...out], /a whole number from 1/],
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
      'an unknown tensor',
      ['trace', llama, '--ids', '1', '--tensors', 'logit', ...out],
      /"logit" is not a tensor/,
    ],
    [
      'a tensor this run cannot have',
      ['trace', llama, '--ids', '1', '--tensors', 'span.shares', ...out],
      /span\.shares needs a dialogue/,
    ],
    [
      'a layer that the model does not have',
      ['trace', llama, '--ids', '1', '--attention', '3', ...out],
      /no layer 3 to take attention from: the model has layers 0 to 2/,
    ],
    [
      'an option that the executor does not take',
      ['trace', llama, '--ids', '1', '--executor', 'reference', '--threads', '2', ...out],
      /E_USAGE: the reference executor takes no threads/,
    ],
    ['an unknown executor', ['trace', llama, '--ids', '1', '--executor', 'npu', ...out], /Allowed choices/],
  ];
  it.each(wrong)('%s', async (_, args, message) => {
    expectFailure(await holdfast(args), 2, message);
    expect(existsSync('trace.safetensors')).toBe(false);
  });
});

it('shows the stack of an error only with --debug', async () => {
  const quiet = await holdfast(['inspect', 'nowhere']);
  expect(quiet.stderr).not.toMatch(/\n\s+at /);
  const loud = await holdfast(['inspect', 'nowhere', '--debug']);
  expect(loud.stderr).toMatch(/^HoldfastError: E_NOT_FOUND.*\n\s+at /);
  expect(loud.code).toBe(1);
});

it('ends quietly if the reader of its output closes the pipe', async () => {
  const child = start(['tokens', llama, '--text', 'wave '.repeat(20_000), '--json']);
  child.stdout.destroy();
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const code = await new Promise((resolve) => child.on('close', resolve));
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
});
