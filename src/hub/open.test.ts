import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildGguf } from '../../test/fixtures/gguf/build-gguf.js';
import { splitGguf } from '../../test/support/split-gguf.js';
import { dequantize, encodeSafetensors, readTensor } from '../formats/index.js';
import { fileSource } from './file-source.js';
import { openModel } from './open.js';

const fixture = (path: string): string =>
  fileURLToPath(new URL(`../../test/fixtures/${path}`, import.meta.url));
const realFolder = fileURLToPath(new URL('../../../shared/models/smollm2-135m-instruct', import.meta.url));
let scratch: string;
let folders = 0;

/** Creates a folder with these files. */
async function folder(files: Record<string, string | Uint8Array>): Promise<string> {
  const path = join(scratch, `${folders++}`);
  await mkdir(path);
  for (const [name, content] of Object.entries(files)) await writeFile(join(path, name), content);
  return path;
}

/** Returns a safetensors file with one-element tensors of these names. */
const weights = (...names: string[]): Uint8Array =>
  Buffer.concat(
    encodeSafetensors(names.map((name) => ({ name, type: 'F32', shape: [1], data: Float32Array.of(1) }))),
  );
const sha256 = (...parts: Uint8Array[]): string => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
};

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'holdfast-hub-'));
});
afterAll(() => rm(scratch, { recursive: true }));

describe('openModel', () => {
  it('opens a folder with safetensors and everything beside them', async () => {
    const path = fixture('models/llama');
    const model = await openModel(path);
    expect(model.name).toBe(path);
    expect(model.checkpoint.format).toBe('safetensors');
    expect(model.config).toMatchObject({ model_type: 'llama' });
    expect(model.tokenizer).toHaveProperty('model');
    expect(model.tokenizerConfig).toBeDefined();
    expect(model.chatTemplate).toEqual({
      source: await readFile(join(path, 'chat_template.jinja'), 'utf8'),
      file: 'chat_template.jinja',
    });
    expect('generationConfig' in model).toBe(false);
    const file = await readFile(join(path, 'model.safetensors'));
    expect(model.fileBytes).toBe(file.length);
    expect(await model.hash()).toBe(sha256(file));
    await model.close();
  });

  it('opens a safetensors file with the files beside it, and a GGUF file alone', async () => {
    const byFile = await openModel(fixture('models/llama/model.safetensors'));
    expect(byFile.config).toMatchObject({ model_type: 'llama' });
    await byFile.close();
    const path = await folder({ 'config.json': '{"model_type": "other"}' });
    await copyFile(fixture('gguf/llama.Q4_0.gguf'), join(path, 'm.gguf'));
    const gguf = await openModel(join(path, 'm.gguf'));
    expect(gguf.checkpoint.format).toBe('gguf');
    expect('config' in gguf).toBe(false);
    await gguf.close();
    const byFolder = await openModel(path);
    expect(byFolder.checkpoint.format).toBe('gguf');
    expect(byFolder.config).toEqual({ model_type: 'other' });
    await byFolder.close();
  });

  describe('beside a GGUF that is given by its path, reads', () => {
    const gguf = (...keys: readonly string[]): Uint8Array =>
      buildGguf({ metadata: keys.map((key) => [key, { type: 'string', value: 'own' }]) }).bytes;
    const beside = {
      'chat_template.jinja': '{{ x }}',
      'tokenizer.json': '{"model": {}}',
      'tokenizer_config.json': '{}',
      'generation_config.json': '{}',
      'config.json': '{}',
    };
    const OWN_TOKENIZER = 'tokenizer.ggml.model';
    const OWN_TEMPLATE = 'tokenizer.chat_template';

    it.each([
      [[OWN_TOKENIZER], ['chatTemplate']],
      [[OWN_TEMPLATE], ['tokenizer', 'tokenizerConfig', 'generationConfig']],
      [[OWN_TOKENIZER, OWN_TEMPLATE], []],
      [[], ['chatTemplate', 'tokenizer', 'tokenizerConfig', 'generationConfig']],
    ])('what a file with %j lacks: %j', async (keys, read) => {
      const path = await folder({ ...beside, 'm.gguf': gguf(...keys) });
      const model = await openModel(join(path, 'm.gguf'));
      await model.close();
      const names = ['config', 'chatTemplate', 'tokenizer', 'tokenizerConfig', 'generationConfig'] as const;
      expect(names.filter((name) => name in model)).toEqual(read);
      expect(model.templatePath).toBe(join(path, 'chat_template.jinja'));
    });

    it('nothing that it does not need, even if it is broken', async () => {
      const path = await folder({ 'tokenizer.json': '{', 'm.gguf': gguf(OWN_TOKENIZER) });
      await (await openModel(join(path, 'm.gguf'))).close();
      await expect(openModel(path)).rejects.toMatchObject({ code: 'E_UNREADABLE' });
    });

    it('the template of a split model, whichever part is given', async () => {
      const [first, second] = splitGguf([['a'], ['b']]);
      const files = { 'm-00001-of-00002.gguf': first!, 'm-00002-of-00002.gguf': second! };
      const path = await folder({ ...files, 'chat_template.jinja': '{{ x }}' });
      for (const name of Object.keys(files)) {
        const model = await openModel(join(path, name));
        expect(model.chatTemplate?.source).toBe('{{ x }}');
        await model.close();
      }
    });
  });

  describe('names a Git LFS pointer as such', () => {
    const pointer = (newline = '\n'): string =>
      ['version https://git-lfs.github.com/spec/v1', `oid sha256:${'a'.repeat(64)}`, 'size 12345', ''].join(
        newline,
      );
    const index = '{"weight_map":{"a":"model-1.safetensors"}}';

    const beside = { 'model.safetensors': weights('a') };
    const cases: readonly {
      readonly name: string;
      readonly opened: string;
      readonly others?: Readonly<Record<string, string | Uint8Array>>;
    }[] = [
      { name: 'model.safetensors', opened: '' },
      { name: 'm.gguf', opened: '' },
      { name: 'm.gguf', opened: 'm.gguf' },
      { name: 'model.safetensors', opened: 'model.safetensors' },
      { name: 'weights.bin', opened: 'weights.bin' },
      { name: 'model.safetensors.index.json', opened: '' },
      { name: 'model-1.safetensors', opened: '', others: { 'model.safetensors.index.json': index } },
      { name: 'm-00001-of-00001.gguf', opened: 'm-00001-of-00001.gguf' },
      { name: 'config.json', opened: '', others: beside },
      { name: 'tokenizer.json', opened: '', others: beside },
      { name: 'tokenizer_config.json', opened: '', others: beside },
      { name: 'generation_config.json', opened: '', others: beside },
      { name: 'chat_template.jinja', opened: '', others: beside },
    ];
    it.each(cases)('in place of $name, opened as "$opened"', async ({ name, opened, others }) => {
      for (const newline of ['\n', '\r\n']) {
        const path = await folder({ ...others, [name]: pointer(newline) });
        const file = join(path, name);
        await expect(openModel(join(path, opened))).rejects.toMatchObject({
          code: 'E_UNREADABLE',
          file,
          message:
            `E_UNREADABLE: it is a Git LFS pointer, in place of the file of 12345 bytes (${file}). ` +
            'Run git lfs pull in its folder, or download the model by its name: holdfast pull owner/name',
        });
      }
    });
  });

  it('opens shards, hashes them in the order of their names, and prefers safetensors to GGUF', async () => {
    const [first, second] = [weights('b'), weights('a', 'c')];
    const path = await folder({
      'model.safetensors.index.json': JSON.stringify({
        weight_map: { a: 'model-2.safetensors', b: 'model-1.safetensors', c: 'model-2.safetensors' },
      }),
      'model-1.safetensors': first,
      'model-2.safetensors': second,
      'stray.gguf': 'GGUF',
    });
    const model = await openModel(path);
    expect([...model.checkpoint.tensors.keys()].sort()).toEqual(['a', 'b', 'c']);
    expect(model.fileBytes).toBe(first.length + second.length);
    expect(await model.hash()).toBe(sha256(first, second));
    const a = model.checkpoint.tensors.get('a')!;
    expect(dequantize(a.type, await readTensor(a))).toEqual(Float32Array.of(1));
    await model.close();
    await expect(readTensor(a)).rejects.toMatchObject({ code: 'E_UNREADABLE' });
  });

  it('opens a split GGUF by its folder and by any of its parts', async () => {
    const [first, second] = splitGguf([['a'], ['b']]);
    const files = { 'm-00001-of-00002.gguf': first!, 'm-00002-of-00002.gguf': second! };
    const path = await folder(files);
    for (const name of ['', ...Object.keys(files)]) {
      const model = await openModel(join(path, name));
      expect([...model.checkpoint.tensors.keys()]).toEqual(['a', 'b']);
      expect(await model.hash()).toBe(sha256(first!, second!));
      await model.close();
    }
    await rm(join(path, 'm-00001-of-00002.gguf'));
    await expect(openModel(path)).rejects.toMatchObject({
      code: 'E_NOT_FOUND',
      file: join(path, 'm-00001-of-00002.gguf'),
      message: expect.stringContaining('part 1 of 2 of the model is missing'),
    });
  });

  it('takes the chat template from tokenizer_config.json if it has no file of its own', async () => {
    const open = async (chat_template: unknown): Promise<unknown> => {
      const tokenizerConfig = JSON.stringify({ chat_template });
      const model = await openModel(
        await folder({ 'model.safetensors': weights('a'), 'tokenizer_config.json': tokenizerConfig }),
      );
      await model.close();
      return model.chatTemplate;
    };
    expect(await open('{{ x }}')).toEqual({ source: '{{ x }}', file: 'tokenizer_config.json' });
    const named = [
      { name: 'tools', template: 'no' },
      { name: 'default', template: 'yes' },
    ];
    expect(await open(named)).toMatchObject({ source: 'yes' });
    expect(await open(undefined)).toBeUndefined();
  });

  const broken: readonly (readonly [string, Record<string, string | Uint8Array>, string, string])[] = [
    ['an empty folder', {}, 'E_NOT_FOUND', 'the folder holds no model'],
    [
      'several GGUF files',
      { 'b.gguf': '', 'a.gguf': '' },
      'E_NOT_FOUND',
      'holds 2 GGUF models: a.gguf, b.gguf',
    ],
    [
      'a config.json that is not JSON',
      { 'model.safetensors': weights('a'), 'config.json': '{\n "a": 1,\n}' },
      'E_UNREADABLE',
      'expected a string, found "}" at line 3, column 1',
    ],
    [
      'a shard that is not there',
      { 'model.safetensors.index.json': '{"weight_map":{"a":"gone.safetensors"}}' },
      'E_NOT_FOUND',
      'gone.safetensors',
    ],
    [
      'a shard outside the folder',
      { 'model.safetensors.index.json': '{"weight_map":{"a":"../0/model.safetensors"}}' },
      'E_SAFETENSORS',
      'is not a plain file name',
    ],
  ];
  it.each(broken)('refuses %s', async (_, files, code, message) => {
    await expect(openModel(await folder(files))).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
    });
  });

  it.each([
    ['nothing there', 'absent/model', 'E_NOT_FOUND', 'no such file or folder'],
    ['a PyTorch file', 'pytorch_model.bin', 'E_UNKNOWN_FORMAT', 'a PyTorch archive'],
    ['a text', 'notes.txt', 'E_UNKNOWN_FORMAT', 'of an unknown format'],
    ['an empty file', 'empty.bin', 'E_UNKNOWN_FORMAT', 'of an unknown format'],
    ['a corrupt GGUF file', 'damaged.gguf', 'E_GGUF', 'does not begin with "GGUF"'],
    ['a truncated safetensors file', 'cut.safetensors', 'E_SAFETENSORS', 'cannot hold a header'],
  ])('refuses %s', async (_, name, code, message) => {
    const path = await folder({
      'pytorch_model.bin': 'PK\x03\x04 and so on',
      'notes.txt': 'A text, of some length.',
      'empty.bin': '',
      'damaged.gguf': 'GGMLGGMLGGML',
      'cut.safetensors': '123',
    });
    await expect(openModel(join(path, name))).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
    });
  });

  it('recognises a format by its bytes, whatever the name of the file', async () => {
    const path = await folder({
      weights: weights('a'),
      blob: await readFile(fixture('gguf/llama.F16.gguf')),
    });
    const opened = await Promise.all([openModel(join(path, 'weights')), openModel(join(path, 'blob'))]);
    expect(opened.map(({ checkpoint }) => checkpoint.format)).toEqual(['safetensors', 'gguf']);
    for (const model of opened) await model.close();
  });

  it.skipIf(!existsSync(realFolder))('opens a real model', async () => {
    const model = await openModel(realFolder);
    expect(model.checkpoint.tensors.size).toBe(272);
    expect(model.config).toMatchObject({ model_type: 'llama' });
    const embedding = model.checkpoint.tensors.get('token_embd.weight')!;
    expect([embedding.type, embedding.shape]).toEqual(['Q8_0', [49152, 576]]);
    await model.close();
  });
});

describe('fileSource', () => {
  it('reports a file that is truncated while it is open', async () => {
    const path = join(await folder({ file: new Uint8Array(100) }), 'file');
    const source = await fileSource(path);
    expect(await source.read(90, 10)).toHaveLength(10);
    await truncate(path, 50);
    await expect(source.read(40, 20)).rejects.toMatchObject({ code: 'E_UNREADABLE', offset: 50 });
    await source.close?.();
  });

  it('refuses a folder', async () => {
    await expect(fileSource(scratch)).rejects.toMatchObject({ code: 'E_UNREADABLE' });
  });
});
