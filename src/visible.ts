/**
 * Characters that act on a terminal instead of standing for themselves: control characters (C0, DEL and C1, but not
 * line breaks and tabs), and those that change the direction of the text around them (bidirectional embeddings,
 * overrides and isolates). Half of a surrogate pair is one of them because no terminal can show it.
 */
const ACTING = /(?![\n\t])[\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069]/gu;

/**
 * Replaces the characters that act on a terminal by escapes: `\u0007`. These are JSON's, so JSON keeps its meaning.
 * Other characters stay, also those without width: emoji and Persian need joiners, and none of them acts on a terminal.
 */
export const visible = (text: string): string => text.replace(ACTING, escapeCharacter);

/** Does the same as {@link visible}, and escapes line breaks too, so that the text stays on one line. */
export const visibleLine = (text: string): string => visible(text).replaceAll('\n', escapeCharacter);

const escapeCharacter = (character: string): string =>
  `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
