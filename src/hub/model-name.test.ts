import { describe, expect, it } from 'vitest';
import { hubNameText, parseHubName } from './model-name.js';

const ENDPOINT = 'https://mirror.test';
const parse = (text: string): string | null => {
  const name = parseHubName(text, ENDPOINT);
  return name === null ? null : hubNameText(name);
};

describe('parseHubName', () => {
  it.each([
    ['owner/name', 'owner/name'],
    ['owner/name@v1.0', 'owner/name@v1.0'],
    ['owner/name@refs/pr/1', 'owner/name@refs/pr/1'],
    ['owner/name:Q4_K_M', 'owner/name:Q4_K_M'],
    ['owner/name@main:UD-Q4_K_XL', 'owner/name:UD-Q4_K_XL'],
    ['hf:owner/name.gguf', 'owner/name.gguf'],
    ['https://huggingface.co/owner/name', 'owner/name'],
    ['https://huggingface.co/owner/name/', 'owner/name'],
    ['https://hf.co/owner/name:Q8_0', 'owner/name:Q8_0'],
    ['https://mirror.test/owner/name/tree/dev', 'owner/name@dev'],
    ['https://huggingface.co/owner/name/tree/refs%2Fpr%2F1', 'owner/name@refs/pr/1'],
    ['https://huggingface.co/o/n/blob/main/sub/m.Q4_0.gguf?download=true', 'o/n, sub/m.Q4_0.gguf'],
    ['https://huggingface.co/o/n/resolve/main/m.gguf', 'o/n, m.gguf'],
  ])('reads %s', (text, name) => {
    expect(parse(text)).toBe(name);
  });

  it.each([
    'model',
    './owner/name',
    '/owner/name',
    '../name',
    'a/b/c',
    'folder/model.gguf',
    'folder/model.safetensors',
    'owner/na--me',
    'owner/-name',
    'owner/name@../../etc',
    'owner/name@a/../b',
    'owner/name@',
    'owner/name:',
  ])('treats %s as a path', (text) => {
    expect(parse(text)).toBeNull();
  });

  it.each([
    'hf:model',
    'hf:owner/na..me',
    'https://elsewhere.test/owner/name',
    'https://huggingface.co/datasets',
    'https://huggingface.co/owner/name/blob/main/pytorch_model.bin',
    'https://huggingface.co/owner/name/tree/..%2F..%2Fetc',
    'https://huggingface.co/owner/name/tree/%zz',
    'https://huggingface.co/owner/name/blob/main/%ff.gguf',
    'https://',
  ])('refuses %s', (text) => {
    expect(() => parse(text)).toThrow(/^E_HUB: .* is not the name of a model on the hub/);
  });
});
