import { WHITESPACE, WORD } from './unicode.js';

/** A token that is matched in text as a whole, before any merging: a control token, or a word added to a vocabulary. */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
  /** Whether it is a control token. Its meaning for the model must never arise from ordinary text. */
  readonly special: boolean;
  /** Whether it is matched in the normalised text instead of the raw text. */
  readonly normalized: boolean;
  /** Whether it swallows the whitespace before it. */
  readonly lstrip: boolean;
  /** Whether it swallows the whitespace after it. */
  readonly rstrip: boolean;
  /** Whether it matches only where no word character touches it. */
  readonly singleWord: boolean;
}

/** A range of characters of a text, `[start, end)`, in UTF-16 units. */
export interface CharRange {
  readonly start: number;
  readonly end: number;
}

/** A piece of text: an added token with the whitespace it swallowed, or (token null) the text between two of them. */
export interface Segment extends CharRange {
  readonly token: AddedToken | null;
  /** The range of the token's own text, without that whitespace; for text between tokens, the whole segment. */
  readonly core: CharRange;
}

/** Decides whether an added token may be recognised at `[start, end)`. */
export type Admits = (token: AddedToken, start: number, end: number) => boolean;

interface Node {
  readonly next: Map<string, Node>;
  token: AddedToken | null;
}

/** Splits text at its added tokens. */
export type Splitter = (text: string, admits: Admits) => Segment[];

/**
 * Creates a splitter for these tokens. It matches as the Rust library `tokenizers` does: leftmost first, and the
 * longest at one position. The next match begins after the token's own text: a token found in whitespace that was
 * swallowed counts too, and the text after it is read again. A single word that touches other words is text, with the
 * tokens inside it. A token that is not admitted is ignored, so a shorter token at the same position, or one that begins
 * inside it, can still match.
 * @param contentOf the text to search for; differs from `content` for tokens matched in normalised text
 */
export function createSplitter(
  tokens: readonly AddedToken[],
  contentOf: (token: AddedToken) => string = (token) => token.content,
): Splitter {
  const root: Node = { next: new Map(), token: null };
  for (const token of tokens) {
    const content = contentOf(token);
    if (content === '') continue;
    let node = root;
    for (const unit of content.split('')) {
      let next = node.next.get(unit);
      if (next === undefined) {
        next = { next: new Map(), token: null };
        node.next.set(unit, next);
      }
      node = next;
    }
    node.token = token;
  }

  const longestAt = (text: string, start: number, admits: Admits): Match | null => {
    let found: Match | null = null;
    let node = root.next.get(text[start]!);
    for (let end = start + 1; node !== undefined; end++) {
      const { token } = node;
      if (token !== null && admits(token, start, end)) found = { start, end, token };
      node = end < text.length ? node.next.get(text[end]!) : undefined;
    }
    return found;
  };

  return (text, admits) => {
    const segments: Segment[] = [];
    let plainFrom = 0;
    let at = 0;
    while (at < text.length) {
      const match = longestAt(text, at, admits);
      if (match === null) {
        at++;
        continue;
      }
      at = match.end;
      if (!standsAlone(match, text)) continue;
      let { start, end } = match;
      if (match.token.lstrip) {
        while (start > plainFrom && isSpace(text[start - 1]!)) start--;
        start = Math.max(start, plainFrom);
      }
      if (match.token.rstrip) while (end < text.length && isSpace(text[end]!)) end++;
      if (start > plainFrom) segments.push(between(plainFrom, start));
      if (end > start) segments.push({ start, end, token: match.token, core: match });
      plainFrom = end;
    }
    if (plainFrom < text.length) segments.push(between(plainFrom, text.length));
    return segments;
  };
}

interface Match extends CharRange {
  readonly token: AddedToken;
}

const between = (start: number, end: number): Segment => ({ start, end, token: null, core: { start, end } });

const space = new RegExp(WHITESPACE, 'u');
const isSpace = (character: string): boolean => space.test(character);
const endsInWord = new RegExp(`[${WORD}]$`, 'u');
const beginsWithWord = new RegExp(`^[${WORD}]`, 'u');

function standsAlone({ token, start, end }: Match, text: string): boolean {
  return (
    !token.singleWord || !(endsInWord.test(text.slice(0, start)) || beginsWithWord.test(text.slice(end)))
  );
}
