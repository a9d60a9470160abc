/** What a tokenizer decodes part of a character to. */
const PART = '\ufffd';

/**
 * Returns the text of each token as the page shows it. Tokens that are parts of characters have no text of their own: the first
 * of a row of them gets the characters that all of them write, the others none.
 * @param tokens the text that each token decodes to on its own
 * @param text what all of them write; null if it is not known
 */
export function wholeTexts(tokens: readonly string[], text: string | null): readonly string[] {
  if (text === null) return tokens;
  const whole: string[] = [];
  let at = 0;
  for (let first = 0; first < tokens.length; first = whole.length) {
    const isPart = tokens[first]!.includes(PART);
    const end = endOfRow(tokens, first, isPart);
    const own = tokens.slice(first, end);
    const next = tokens.slice(end, endOfRow(tokens, end, false)).join('');
    // What follows a row of parts tells where it ends; after the last row, where the text does.
    const stop = isPart
      ? end === tokens.length
        ? text.length
        : text.indexOf(next, at)
      : at + own.join('').length;
    const written = text.slice(at, stop);
    if (stop < at || (!isPart && written !== own.join(''))) return tokens;
    whole.push(...(isPart ? [written, ...own.slice(1).map(() => '')] : own));
    at = stop;
  }
  return whole;
}

/** Returns where the row that begins at `first` ends. Either all of its tokens are parts of characters, or none is. */
function endOfRow(tokens: readonly string[], first: number, isPart: boolean): number {
  let end = first;
  while (end < tokens.length && tokens[end]!.includes(PART) === isPart) end++;
  return end;
}
