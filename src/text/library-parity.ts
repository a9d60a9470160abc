import { HoldfastError } from '../errors.js';
import type { Component } from './tokenizer-json.js';

/**
 * Rewrites a pre-tokenizer of a `tokenizer.json` where the JavaScript library reads it differently from the Rust one,
 * so that both read it alike. The Rust library made the ids that a model was trained on. Differences seen in
 * @huggingface/tokenizers 0.2.0:
 * - `Digits` splits at ASCII digits only; Rust splits at every numeric character (`char::is_numeric`, that is `\p{N}`).
 * - The regex of `ByteLevel` uses JavaScript's `\s`, which includes U+FEFF and excludes U+0085.
 * - `Split` implements the behaviours `Isolated` and `Removed`, and treats every other one as `Isolated`.
 * @throws HoldfastError `E_TOKENIZER` for a behaviour that cannot be rewritten
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
      // A prefix space is added before the split, and a sequence cannot express that. Such models keep the component.
      return component.use_regex === false || component.add_prefix_space === true
        ? component
        : { type: 'Sequence', pretokenizers: [isolated(GPT2_PATTERN), { ...component, use_regex: false }] };
    case 'Split':
      return split(component, name);
    default:
      return component;
  }
}

/** The regex of GPT-2's pre-tokenizer (openai/gpt-2, encoder.py), and of `ByteLevel` in a `tokenizer.json`. */
export const GPT2_PATTERN =
  "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

/** Returns a pre-tokenizer that makes each match of the pattern a piece of its own. */
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
    `unsupported split behaviour of a pre-tokenizer: ${String(behavior)}`,
    {
      file: name,
      field: 'pre_tokenizer.behavior',
    },
  );
}

function components(value: unknown): Component[] {
  return Array.isArray(value) ? (value as Component[]) : [];
}
