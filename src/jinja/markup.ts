import { Str, StrBuilder } from './str.js';

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  "'": '&#39;',
  '"': '&#34;',
};

/** Returns a string as `Markup`: with its HTML characters escaped, unless it is `Markup` already. */
export function escaped(text: Str): Str {
  return text.isMarkup ? text : escapedAgain(text);
}

/** Returns a string as `Markup` with its HTML characters escaped, also those of `Markup`. */
export function escapedAgain(text: Str): Str {
  return replaceMatches(text, /[&<>'"]/g, (character) => ENTITIES[character]!).marked(true);
}

/** Returns a string with each match replaced. The replacement of a message's characters is the message's. */
export function replaceMatches(text: Str, pattern: RegExp, replacement: (match: string) => string): Str {
  const builder = new StrBuilder();
  let at = 0;
  for (const match of text.text.matchAll(pattern)) {
    const end = match.index + match[0].length;
    builder.addPart(text, at, match.index).addInstead(new Str(replacement(match[0])), text, match.index, end);
    at = end;
  }
  return builder.addPart(text, at, text.text.length).build(text.isMarkup);
}
