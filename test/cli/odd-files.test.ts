import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  dequantize,
  encodeSafetensors,
  memorySource,
  openGguf,
  openSafetensors,
  readTensor,
} from '../../src/formats/index.js';
import { expectFailure, fixture, holdfast, succeed, temporaryFile, temporaryFolder } from './holdfast.js';

const llama = fixture('models/llama');
const gguf = (): Buffer => readFileSync(fixture('gguf/llama.Q8_0.gguf'));
const dialogue = JSON.stringify([{ role: 'user', content: 'How is the weather?' }]);

/** Returns a GGUF whose field of this name holds another u32. */
function withId(field: string, id: number): Buffer {
  const bytes = gguf();
  // After the key comes the value's type.
  bytes.writeUInt32LE(id, bytes.indexOf(field) + field.length + 4);
  return bytes;
}

/** Copies the tiny llama and adds a head, which its config.json ties to the embedding. */
async function withHead(change: (head: Float32Array) => void): Promise<string> {
  const folder = join(temporaryFolder(), 'model');
  cpSync(llama, folder, { recursive: true });
  const { tensors } = await openSafetensors(
    memorySource(readFileSync(join(llama, 'model.safetensors')), 'llama'),
  );
  const read = async (name: string): Promise<Float32Array> => {
    const info = tensors.get(name)!;
    return dequantize(info.type, await readTensor(info));
  };
  const all = await Promise.all(
    [...tensors.values()].map(
      async ({ name, shape }) => ({ name, type: 'F32', shape, data: await read(name) }) as const,
    ),
  );
  const head = await read('model.embed_tokens.weight');
  change(head);
  const shape = tensors.get('model.embed_tokens.weight')!.shape;
  const file = encodeSafetensors([...all, { name: 'lm_head.weight', type: 'F32', shape, data: head }]);
  writeFileSync(join(folder, 'model.safetensors'), Buffer.concat(file));
  return folder;
}

const trace = async (model: string): Promise<{ readonly stderr: string; readonly logits: Float32Array }> => {
  const out = join(temporaryFolder(), 'trace.safetensors');
  const flags = ['--ids', '268,71,261', '--tensors', 'logits', '--precision', 'f32', '--out', out];
  const { code, stderr } = await holdfast(['trace', model, ...flags]);
  expect(code, stderr).toBe(0);
  const { tensors } = await openSafetensors(memorySource(readFileSync(out), out));
  const logits = tensors.get('logits')!;
  return { stderr, logits: dequantize(logits.type, await readTensor(logits)) };
};

describe('a head beside a configuration that ties it', () => {
  it('is used if it differs, with a note', async () => {
    const model = await withHead((head) => head.fill(1));
    const { stderr, logits } = await trace(model);
    expect(stderr).toMatch(
      /^note: .*lm_head\.weight differs from the embedding, so it is used as the head.*$/m,
    );
    for (const row of [0, 1, 2]) {
      const values = logits.subarray(row * 512, (row + 1) * 512);
      expect(new Set(values).size, 'a head of ones gives every token the same logit').toBe(1);
    }
    const report = await succeed(['inspect', model]);
    expect(report).toMatch(/separate head/);
    expect(report).toMatch(/^notes\n {2}.*lm_head\.weight differs from the embedding/m);
  });

  it('is the embedding if it is equal, and takes no memory of its own', async () => {
    const model = await withHead(() => {});
    const { stderr, logits } = await trace(model);
    expect(stderr).not.toMatch(/note/);
    expect(logits).toEqual((await trace(llama)).logits);
    const report = await succeed(['inspect', model]);
    expect(report).toMatch(/^not used\n {2}lm_head\.weight: equal to the embedding$/m);
    const bytes = (text: string): string => /^ {2}onnx and gpu: (.*) for weights/m.exec(text)![1]!;
    expect(bytes(report)).toBe(bytes(await succeed(['inspect', llama])));
  });
});

describe('weights that are not finite', () => {
  it.each(['inspect', 'chat'])('are refused by %s, by tensor', async (command) => {
    const bytes = gguf();
    const { tensors } = await openGguf(memorySource(bytes, 'm.gguf'));
    // The scale of the second block of row 3.
    bytes.writeUInt16LE(0x7c00, tensors.get('blk.1.ffn_up.weight')!.offset + 34 * (3 * 2 + 1));
    const outcome = await holdfast([command, temporaryFile('m.gguf', bytes)], 'Hello\n');
    expectFailure(
      outcome,
      1,
      /E_TENSOR_VALUE: tensor blk\.1\.ffn_up\.weight holds .* NaN or infinite: 32 of 6144, the first at \[3, 32\] /,
    );
  });
});

describe('an id that the vocabulary lacks', () => {
  it('is replaced by the token of the family, with one note', async () => {
    const model = temporaryFile('m.gguf', withId('tokenizer.ggml.eos_token_id', 0xffffffff));
    const note =
      /eos_token_id is 4294967295, but the vocabulary has 512 tokens; using <\|endoftext\|> instead/g;
    const { code, stdout, stderr } = await holdfast(['chat', model, '--max-tokens', '2'], 'a\nb\n');
    expect(code, stderr).toBe(0);
    expect(stderr.match(note), 'told once, though two answers were given').toHaveLength(1);
    expect(stdout).not.toMatch(note);
    expect((await holdfast(['tokens', model, '--text', 'the work'])).stderr).toMatch(
      /^note: .*eos_token_id[^\n]*\n$/,
    );
    expect(await succeed(['inspect', model])).toMatch(/^notes\n {2}.*eos_token_id is 4294967295/m);
  });

  it('is refused if the family is not clear, with the field, the id and the size', async () => {
    const model = temporaryFile('m.gguf', withId('tokenizer.ggml.bos_token_id', 512));
    expectFailure(
      await holdfast(['tokens', model, '--text', 'a']),
      1,
      /E_TOKENIZER: tokenizer\.ggml\.bos_token_id is 512, but the vocabulary has 512 tokens, .*m\.gguf, field tokenizer\.ggml\.bos_token_id/,
    );
  });
});

it('a chat template that is not UTF-8 stops only what needs it', async () => {
  const bytes = gguf();
  const key = 'tokenizer.chat_template';
  bytes[bytes.indexOf(key) + key.length + 12] = 0xff;
  const model = temporaryFile('m.gguf', bytes);
  await succeed(['tokens', model, '--text', 'a']);
  const chat = await holdfast(['tokens', model, '--chat', '-'], dialogue);
  expect(chat.stderr).toMatch(/^error: E_GGUF: a string is not UTF-8 \(.*chat_template/m);
  const { template, notes } = JSON.parse(await succeed(['inspect', model, '--json']));
  expect(template.problem).toMatch(/E_GGUF: a string is not UTF-8/);
  expect(notes).toEqual([expect.stringContaining('"tokenizer.chat_template" cannot be read')]);
});

it('a chat template is read beside a .gguf file that has none, where the error said', async () => {
  const bytes = gguf();
  bytes.write('tokenizer.chat_templ@te', bytes.indexOf('tokenizer.chat_template'));
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'models'));
  const model = join(folder, 'models', 'm.gguf');
  writeFileSync(model, bytes);
  const file = join(folder, 'models', 'chat_template.jinja');
  const missing = await holdfast(['tokens', model, '--chat', '-'], dialogue);
  expectFailure(missing, 1, /E_TEMPLATE: the model has no chat template .*or put a template into /);
  expect(missing.stderr.trimEnd().endsWith(`or put a template into ${file}`)).toBe(true);
  writeFileSync(file, '{% for m in messages %}[{{ m.content }}]{% endfor %}');
  const written = JSON.parse(await succeed(['tokens', model, '--chat', '-', '--json'], dialogue));
  expect(written.text).toBe('[How is the weather?]');
  // The template of the file itself takes precedence.
  writeFileSync(model, gguf());
  const own = JSON.parse(await succeed(['tokens', model, '--chat', '-', '--json'], dialogue));
  expect(own.text).toMatch(/<\|im_start\|>user/);
});
