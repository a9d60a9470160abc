import { HoldfastError } from '../errors.js';
import type { Component } from './tokenizer-json.js';

/**
 * Where the JavaScript library reads a `tokenizer.json` otherwise than the Rust one (which decides what ids a model
 * was trained on), the component is written in terms that both read alike. Seen in @huggingface/tokenizers 0.2.0:
 * - `Digits` splits at ASCII digits only; Rust at every numeric character (`char::is_numeric`, that is `\p{N}`).
 * - `ByteLevel`'s own regex uses JavaScript's `\s`, which takes U+FEFF for a space and U+0085 for none.
 * - `Split` knows the behaviours `Isolated` and `Removed`, and takes the others for the former.
 * @throws HoldfastError `E_TOKENIZER` for a behaviour that cannot be written so
 */
export function libraryPreTokenizer(component: Component, name: string): Component {
  switch (component.type) {
    case 'Sequence':
      return {
        ...component,
        pretokenizers: components(component.pretokenizers).map((part) => libraryPreTokenizer(part, name)),
      };
    case 'Digits':
      return isolated(component.individual_digits === true ? '\\p{N}' : '\\p{N}+');
    case 'ByteLevel':
      // A prefix space is added before the split, which a sequence cannot say; such models keep the library's way.
      return component.use_regex === false || component.add_prefix_space === true
        ? component
        : { type: 'Sequence', pretokenizers: [isolated(GPT2_PATTERN), { ...component, use_regex: false }] };
    case 'Split':
      return split(component, name);
    default:
      return component;
  }
}

/** GPT-2's pre-tokeniser (openai/gpt-2, encoder.py), also what `ByteLevel` stands for in a `tokenizer.json`. */
export const GPT2_PATTERN =
  "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

/** A pre-tokeniser that makes each match of the pattern a piece of its own. */
export function isolated(pattern: string): Component {
  return { type: 'Split', pattern: { Regex: pattern }, behavior: 'Isolated', invert: false };
}

function split(component: Component, name: string): Component {
  const { behavior, pattern } = component;
  if (behavior === 'Isolated' || behavior === 'Removed') return component;
  if (
    behavior === 'MergedWithPrevious' &&
    typeof pattern === 'object' &&
    pattern !== null &&
    'String' in pattern
  ) {
    const delimiter = String(pattern.String).replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    return isolated(`(?:(?!${delimiter})[\\s\\S])*${delimiter}`);
  }
  throw new HoldfastError(
    'E_TOKENIZER',
    `a pre-tokeniser that splits as ${String(behavior)} is not supported`,
    {
      file: name,
      field: 'pre_tokenizer.behavior',
    },
  );
}

function components(value: unknown): Component[] {
  return Array.isArray(value) ? (value as Component[]) : [];
}
