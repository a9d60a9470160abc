import type { Normalizer } from './components.js';
import { compilePattern, replaceMatches } from './patterns.js';
import { WHITESPACE } from './unicode.js';

type Normalize = (text: string) => string;

const leading = new RegExp(`^${WHITESPACE}+`, 'u');
const trailing = new RegExp(`${WHITESPACE}+$`, 'u');

/** Creates the function that a normaliser stands for; without one, text stays as it is. */
export function createNormalizer(component: Normalizer | null): Normalize {
  switch (component?.type) {
    case undefined:
      return (text) => text;
    case 'Sequence': {
      const parts = component.normalizers.map(createNormalizer);
      return (text) => parts.reduce((normal, part) => part(normal), text);
    }
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
      const left: Normalize = component.strip_left ? (text) => text.replace(leading, '') : (text) => text;
      const right: Normalize = component.strip_right ? (text) => text.replace(trailing, '') : (text) => text;
      return (text) => right(left(text));
    }
    case 'Prepend':
      return (text) => (text === '' ? text : component.prepend + text);
    case 'Replace': {
      const pattern = compilePattern(component.pattern);
      return (text) => replaceMatches(text, pattern, component.content);
    }
  }
}

/**
 * Whether a normaliser can remove the first character of a text. `tokenizers` then no longer takes what is left for the
 * beginning of the text.
 */
export function mayDropStart(component: Normalizer | null): boolean {
  switch (component?.type) {
    case 'Sequence':
      return component.normalizers.some(mayDropStart);
    case 'Strip':
      return component.strip_left;
    case 'Replace':
      return (
        component.content === '' || 'Regex' in component.pattern || [...component.pattern.String].length !== 1
      );
    default:
      return false;
  }
}
