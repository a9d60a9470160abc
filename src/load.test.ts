import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { fixture, temporaryFolder } from '../test/cli/holdfast.js';
import { EXECUTOR_TABLE } from './executors/registry.js';
import { EXECUTORS, type LoadOptions, loadModel } from './load.js';
import { traceRun } from './trace/index.js';

const llama = fixture('models/llama');

describe('the options of loadModel', () => {
  const wrong: readonly (readonly [string, object, string, RegExp])[] = [
    ['an unknown executor', { executor: 'npu' }, 'E_EXECUTOR', /"npu" is not an executor.*reference/],
    ['an unknown precision', { precision: 'q5' }, 'E_EXECUTOR', /unknown precision: "q5"/],
    ['a negative number of threads', { threads: -3 }, 'E_EXECUTOR', /threads takes a whole number/],
    [
      'a precision for the reference executor',
      { executor: 'reference', precision: 'q4' },
      'E_USAGE',
      /the reference executor takes no precision/,
    ],
    [
      'threads and a precision for the reference executor',
      { executor: 'reference', precision: 'q4', threads: -3 },
      'E_USAGE',
      /takes no precision and no threads/,
    ],
  ];
  it.each(wrong)('refuse %s', async (_, options, code, message) => {
    await expect(loadModel(llama, options as LoadOptions)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });

  it('may be omitted or undefined', async () => {
    const model = await loadModel(llama, { executor: 'reference', precision: undefined });
    expect(model.executor.name).toBe('reference');
    await model.dispose();
  });

  it.each(EXECUTORS.filter((name) => name !== 'gpu'))(
    'give an executor that is called %s, or the reason why there is none',
    async (executor) => {
      const reason = await EXECUTOR_TABLE[executor].examine().then(
        () => null,
        (error: Error) => error.message,
      );
      if (reason !== null) {
        expect(executor).toMatch(/^ggml-/);
        await expect(loadModel(llama, { executor })).rejects.toThrow(reason);
        return;
      }
      const model = await loadModel(llama, { executor });
      expect(model.executor.name).toBe(executor);
      await model.dispose();
    },
  );
});

describe('the text of a model', () => {
  /** Loads the tiny llama with some files replaced or (null) removed. */
  const withFiles = async (files: Readonly<Record<string, object | string | null>>) => {
    const folder = temporaryFolder();
    cpSync(llama, folder, { recursive: true });
    for (const [name, content] of Object.entries(files)) {
      if (content === null) rmSync(join(folder, name));
      else writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
    }
    const model = await loadModel(folder, { executor: 'reference' });
    onTestFinished(() => model.dispose());
    return model;
  };
  const readJson = (name: string) => JSON.parse(readFileSync(join(llama, name), 'utf8'));

  it('is not needed to run on ids: an invalid template throws when it is used, with its file', async () => {
    const model = await withFiles({ 'chat_template.jinja': '{% for %}' });
    expect((await traceRun(model, { input: [1, 2] })).metadata.tokens).toContain('"');
    expect(model.tokenizer!.encode('a')).not.toEqual([]);
    expect(() => model.format).toThrow(/E_TEMPLATE: .*cannot be parsed.*: chat_template\.jinja\)/);
    expect(() => model.format, 'again').toThrow(/E_TEMPLATE/);
  });

  it('names tokenizer_config.json in the error if that has the template', async () => {
    const tokenizerConfig = { ...readJson('tokenizer_config.json'), chat_template: '{% for %}' };
    const model = await withFiles({ 'chat_template.jinja': null, 'tokenizer_config.json': tokenizerConfig });
    expect(() => model.format).toThrow(/E_TEMPLATE: .*: tokenizer_config\.json\)/);
  });

  it('takes the end of an answer from generation_config.json; an invalid file throws when it is used', async () => {
    const ends = await withFiles({ 'generation_config.json': { eos_token_id: [300] } });
    expect(ends.tokenizer!.endOfTurnIds).toContain(300);
    const broken = await withFiles({ 'generation_config.json': '7' });
    await traceRun(broken, { input: [1, 2] });
    expect(() => broken.tokenizer).toThrow(/E_TOKENIZER: malformed generation_config\.json/);
  });

  it('is not needed to run on ids: an unsupported tokenizer throws when it is used', async () => {
    const tokenizer = readJson('tokenizer.json');
    const model = await withFiles({
      'tokenizer.json': { ...tokenizer, model: { type: 'Unigram', vocab: [['a', 0]] } },
    });
    expect((await traceRun(model, { input: [1, 2] })).metadata.tokens).toBe('null');
    for (const what of ['tokenizer', 'format'] as const) {
      expect(() => model[what], what).toThrow(/E_TOKENIZER: a Unigram tokenizer.*: tokenizer\.json/);
    }
  });
});
