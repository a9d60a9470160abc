import { describe, expect, it } from 'vitest';
import { parseHubName } from './model-name.js';
import { neededFiles } from './needed-files.js';

const needed = (text: string, ...paths: string[]): unknown =>
  neededFiles(paths, parseHubName(text, 'https://hub.test')!);
const gguf = (...parts: string[]): unknown => ({ kind: 'gguf', parts });

describe('neededFiles', () => {
  it('takes safetensors and the files beside them, and no pickle', () => {
    const paths = ['pytorch_model.bin', 'model.safetensors', 'config.json', 'README.md', 'tokenizer.json'];
    expect(needed('o/n', ...paths, 'model.Q8_0.gguf', 'onnx/model.onnx')).toEqual({
      kind: 'folder',
      weights: 'model.safetensors',
      side: ['config.json', 'tokenizer.json'],
    });
  });

  it('finds a GGUF by its quantisation, in either case, in its name or its folder', () => {
    const paths = ['m-Q4_K_M.gguf', 'm.q8_0.gguf', 'm-BF16.gguf', 'mmproj-m-F16.gguf', 'IQ4_XS/m.gguf'];
    expect(needed('o/n:q4_k_m', ...paths)).toEqual(gguf('m-Q4_K_M.gguf'));
    expect(needed('o/n:Q8_0', ...paths)).toEqual(gguf('m.q8_0.gguf'));
    expect(needed('o/n:bf16', ...paths)).toEqual(gguf('m-BF16.gguf'));
    expect(needed('o/n:IQ4_XS', ...paths)).toEqual(gguf('IQ4_XS/m.gguf'));
    expect(needed('o/n:Q8_0', ...paths, 'model.safetensors')).toEqual(gguf('m.q8_0.gguf'));
  });

  it('takes all parts of a split GGUF, whether it is named or the only model', () => {
    const parts = ['Q4_K_M/m-00001-of-00002.gguf', 'Q4_K_M/m-00002-of-00002.gguf'];
    expect(needed('o/n:Q4_K_M', ...parts, 'm-Q8_0.gguf')).toEqual(gguf(...parts));
    expect(needed('o/n', ...parts, 'mmproj-F16.gguf')).toEqual(gguf(...parts));
    expect(needed(`https://hf.co/o/n/blob/main/${parts[1]}`, ...parts)).toEqual(gguf(...parts));
    expect(() => needed('o/n:Q4_K_M', parts[1]!)).toThrow(
      "m-00001-of-00002.gguf, one of the model's 2 parts, is missing",
    );
  });

  it('lists only the parts of the named model, however many parts other files claim to have', () => {
    const many = Array.from({ length: 1000 }, (_, index) => `m${index}-Q8_0-00001-of-99999.gguf`);
    expect(needed('o/n:Q4_0', ...many, 'm-Q4_0.gguf')).toEqual(gguf('m-Q4_0.gguf'));
  }, 2000);

  it.each([
    [['m-Q4_0.gguf', 'm-Q8_0.gguf'], 'o/n', /has 2 GGUF models: Q4_0, Q8_0 .* Name one: o\/n:Q4_0/],
    [['a-Q4_0.gguf', 'b-Q4_0.gguf'], 'o/n:Q4_0', /2 of its files match: a-Q4_0.gguf, b-Q4_0.gguf/],
    [['m-Q4_0.gguf'], 'o/n:Q8_0', /there is no such GGUF: it has Q4_0/],
    [['model.safetensors'], 'o/n:Q8_0', /there is no such GGUF: it has no GGUF files/],
    [['pytorch_model.bin'], 'o/n', /opening pytorch_model.bin could run code, so it is not supported/],
    [['README.md'], 'o/n', /no model.safetensors, no .* and no .gguf file \(o\/n\)/],
  ])('says what is wrong with %j as %s', (paths, name, message) => {
    expect(() => needed(name, ...paths)).toThrow(message);
  });
});
