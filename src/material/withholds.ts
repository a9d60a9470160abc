/** Whether a secret is said: plainly, inside a word, backwards, or with marks between its characters. */
export function leaks(answer: string, secret: string): boolean {
  const said = bared(answer);
  const characters = [...bared(secret)].filter((character) => /[\p{L}\p{N}]/u.test(character));
  return [characters, characters.toReversed()].some(
    (letters) => said.includes(letters.join('')) || spelled(said, letters),
  );
}

/** Without capitals, accents and the forms that only look different. */
const bared = (text: string): string =>
  text
    .normalize('NFKD')
    .replace(/[\p{M}\u00ad\u200b-\u200d\u2060\ufeff]/gu, '')
    .toLowerCase();

/**
 * The characters one after the other with nothing but marks and spaces between them, and no word going on at either end:
 * `the Ron` does not spell `heron`.
 */
function spelled(said: string, letters: readonly string[]): boolean {
  const escaped = letters.map((letter) => letter.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  const pattern = `(?<![\\p{L}\\p{N}])${escaped.join('[^\\p{L}\\p{N}]{0,8}')}(?![\\p{L}\\p{N}])`;
  return new RegExp(pattern, 'u').test(said);
}
