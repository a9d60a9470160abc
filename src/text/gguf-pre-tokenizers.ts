import { HoldfastError } from '../errors.js';
import type { PreTokenizer as Component, Normalizer } from './components.js';
import { GPT2_PATTERN } from './pre-tokenizers.js';

/** How text is split and normalised before byte-level merging. A GGUF file stores only the name of this. */
export interface PreTokenizer {
  readonly preTokenizer: Component;
  readonly normalizer: Normalizer | null;
  /** Whether a piece that is a token as a whole skips merging. */
  readonly ignoreMerges: boolean;
  /** Whether the family puts a BOS before text; used if the file does not say. */
  readonly addsBos: boolean;
}

const CONTRACTION = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
const REST = '| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+';
const REST_WITH_SLASH = REST.replace('[\\r\\n]*', '[\\r\\n/]*');
const QWEN2 = `${CONTRACTION}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}${REST}`;
const LLAMA3 = `${CONTRACTION}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}${REST}`;
const UPPER = '[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]';
const LOWER = '[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]';
const cased = (suffix: string): string =>
  `[^\\r\\n\\p{L}\\p{N}]?${UPPER}*${LOWER}+${suffix}|[^\\r\\n\\p{L}\\p{N}]?${UPPER}+${LOWER}*${suffix}`;
const TEKKEN = `${cased('')}|\\p{N}${REST_WITH_SLASH}`;
const GPT4O = `${cased(`${CONTRACTION}?`)}|\\p{N}{1,3}${REST_WITH_SLASH}`;

const BYTE_LEVEL: Component = { type: 'ByteLevel', add_prefix_space: false, use_regex: false };
const isolated = (pattern: string): Component => ({
  type: 'Split',
  pattern: { Regex: pattern },
  behavior: 'Isolated',
  invert: false,
});
const splitBy = (...patterns: string[]): PreTokenizer => ({
  preTokenizer: { type: 'Sequence', pretokenizers: [...patterns.map(isolated), BYTE_LEVEL] },
  normalizer: null,
  ignoreMerges: false,
  addsBos: false,
});

const gpt2 = splitBy(GPT2_PATTERN);
const digits = splitBy('\\p{N}', GPT2_PATTERN);
const threeDigits = splitBy(LLAMA3);
const llama3 = { ...threeDigits, ignoreMerges: true, addsBos: true };
// Qwen's own tokenizer composes characters first; llama.cpp does not.
const qwen2: PreTokenizer = { ...splitBy(QWEN2), normalizer: { type: 'NFC' } };
const gpt4o = splitBy(GPT4O);

/**
 * Pre-tokenizers by the names that llama.cpp's converter writes to `tokenizer.ggml.pre`. The names come from llama.cpp
 * (llama-vocab.cpp). The patterns come from the families' own `tokenizer.json`, as quoted there.
 */
const BY_NAME: ReadonlyMap<string, PreTokenizer> = new Map([
  ...['gpt-2', 'default', 'phi-2', 'olmo', 'exaone4', 'mpt', 'trillion', 'granite-docling'].map(
    (name) => [name, gpt2] as const,
  ),
  ...['smollm', 'starcoder', 'refact', 'command-r', 'codeshell', 'exaone', 'minerva-7b'].map(
    (name) => [name, digits] as const,
  ),
  ...['llama-bpe', 'llama3', 'llama-v3', 'falcon3', 'falcon-h1', 'pixtral', 'midm-2.0', 'lfm2'].map(
    (name) => [name, llama3] as const,
  ),
  ...['dbrx', 'smaug-bpe', 'glm4', 'chatglm-bpe'].map((name) => [name, threeDigits] as const),
  ...['qwen2', 'deepseek-r1-qwen', 'megrez'].map((name) => [name, qwen2] as const),
  ...['stablelm2', 'hunyuan'].map((name) => [name, splitBy(QWEN2)] as const),
  ['tekken', { ...splitBy(TEKKEN), ignoreMerges: true, addsBos: true }],
  ...['gpt-4o', 'llama4'].map((name) => [name, gpt4o] as const),
]);

/**
 * Returns the pre-tokenizer that a GGUF file names.
 * @throws HoldfastError `E_TOKENIZER` for an unknown name: a guess could give wrong ids silently
 */
export function preTokenizerNamed(pre: string, file: string): PreTokenizer {
  const known = BY_NAME.get(pre);
  if (known !== undefined) return known;
  throw new HoldfastError('E_TOKENIZER', `unknown pre-tokenizer: ${JSON.stringify(pre)}`, {
    file,
    field: 'tokenizer.ggml.pre',
    hint: `Use a file with one of these: ${[...BY_NAME.keys()].join(', ')}`,
  });
}
