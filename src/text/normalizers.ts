import type { Normalizer } from './components.js';
import { type CheckLength, growthBy } from './growth.js';
import { compilePattern, replaceMatches } from './patterns.js';
import { WHITESPACE } from './unicode.js';

type Normalize = (text: string) => string;

const leading = new RegExp(`^${WHITESPACE}+`, 'u');
const trailing = new RegExp(`${WHITESPACE}+$`, 'u');

/**
 * Creates the function that a normaliser stands for; without one, text stays as it is. It throws `E_TOKENIZER` for a text that
 * would become far longer.
 */
export function createNormalizer(component: Normalizer | null, file: string): Normalize {
  const checkOf = growthBy('normalizer', file);
  const parts = flatten(component).map(createPart);
  return (text) => {
    const check = checkOf(text.length);
    return parts.reduce((before, part) => {
      const after = part(before, check);
      check(after.length);
      return after;
    }, text);
  };
}

type Part = (text: string, check: CheckLength) => string;

type Single = Exclude<Normalizer, { type: 'Sequence' }>;

/** A sequence in a sequence is the same as one: the length of a text is limited by that of the first. */
function flatten(component: Normalizer | null): Single[] {
  if (component === null) return [];
  return component.type === 'Sequence' ? component.normalizers.flatMap(flatten) : [component];
}

function createPart(component: Single): Part {
  switch (component.type) {
    case 'NFC':
    case 'NFD':
    case 'NFKC':
    case 'NFKD':
      // The Rust library knows Unicode 12 here: it does not compose a few characters of historic scripts added since.
      return (text) => text.normalize(component.type);
    case 'Lowercase':
      // Character by character: JavaScript writes a sigma at the end of a word differently, Rust does not.
      return (text) => Array.from(text, (character) => character.toLowerCase()).join('');
    case 'Strip': {
      const left: Part = component.strip_left ? (text) => text.replace(leading, '') : (text) => text;
      const right: Part = component.strip_right ? (text) => text.replace(trailing, '') : (text) => text;
      return (text, check) => right(left(text, check), check);
    }
    case 'Prepend':
      return (text) => (text === '' ? text : component.prepend + text);
    case 'Replace': {
      const pattern = compilePattern(component.pattern);
      return (text, check) => replaceMatches(text, pattern, component.content, check);
    }
  }
}

/**
 * Whether a normaliser can remove the first character of a text. `tokenizers` then no longer takes what is left for the
 * beginning of the text.
 */
export function mayDropStart(component: Normalizer | null): boolean {
  return flatten(component).some((part) => {
    if (part.type === 'Strip') return part.strip_left;
    if (part.type !== 'Replace') return false;
    return part.content === '' || 'Regex' in part.pattern || [...part.pattern.String].length !== 1;
  });
}
