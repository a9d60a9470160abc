/** Replaces control characters, which a model may write and which could move the cursor or change colours. */
export function printable(text: string): string {
  return Array.from(text, (character) => {
    const code = character.codePointAt(0)!;
    const harmless =
      (code >= 0x20 && code < 0x7f) || code >= 0xa0 || character === '\n' || character === '\t';
    return harmless ? character : '\ufffd';
  }).join('');
}
