/** What a key does in the editor. */
export type KeyAction =
  | 'left'
  | 'right'
  | 'word-left'
  | 'word-right'
  | 'line-start'
  | 'line-end'
  | 'up'
  | 'down'
  | 'delete-left'
  | 'delete-right'
  | 'cut-word-left'
  | 'cut-word-right'
  | 'cut-line-start'
  | 'cut-line-end'
  | 'insert-cut'
  | 'complete'
  | 'enter'
  | 'new-line'
  | 'clear-screen'
  | 'interrupt'
  | 'end'
  | 'suspend'
  | 'none';

/** A key that was pressed, or a text that was pasted. */
export type Key =
  | { readonly kind: 'action'; readonly action: KeyAction }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'paste'; readonly text: string };

/** The keys of readline's Emacs mode, by the character that a terminal sends. Ctrl-J, a line feed, begins a new line. */
const CHARACTERS: Readonly<Record<string, KeyAction>> = {
  '\u0001': 'line-start',
  '\u0002': 'left',
  '\u0003': 'interrupt',
  '\u0004': 'end',
  '\u0005': 'line-end',
  '\u0006': 'right',
  '\u0008': 'delete-left',
  '\t': 'complete',
  '\n': 'new-line',
  '\u000b': 'cut-line-end',
  '\u000c': 'clear-screen',
  '\r': 'enter',
  '\u000e': 'down',
  '\u0010': 'up',
  '\u0015': 'cut-line-start',
  '\u0017': 'cut-word-left',
  '\u0019': 'insert-cut',
  '\u001a': 'suspend',
  '\u007f': 'delete-left',
};

/** Keys pressed together with Alt, which a terminal sends after an escape. */
const WITH_ALT: Readonly<Record<string, KeyAction>> = {
  b: 'word-left',
  f: 'word-right',
  d: 'cut-word-right',
  '\r': 'new-line',
  '\n': 'new-line',
  '\u007f': 'cut-word-left',
  '\u0008': 'cut-word-left',
};

/** Control sequences by their last character; those that end in ~ by their number. */
const SEQUENCES: Readonly<Record<string, KeyAction>> = {
  A: 'up',
  B: 'down',
  C: 'right',
  D: 'left',
  H: 'line-start',
  F: 'line-end',
  '1~': 'line-start',
  '3~': 'delete-right',
  '4~': 'line-end',
  '7~': 'line-start',
  '8~': 'line-end',
};

const BY_WORD: Partial<Record<KeyAction, KeyAction>> = { left: 'word-left', right: 'word-right' };

const ESCAPE = '\u001b';
const PASTE_START = `${ESCAPE}[200~`;
const PASTE_END = `${ESCAPE}[201~`;

/** Turns what a terminal sends into keys. A sequence may come in several chunks. */
export interface KeyDecoder {
  push(chunk: string): Key[];
  /** Whether the start of a sequence is held back. */
  readonly waits: boolean;
  /** Drops the start of a sequence whose rest did not come: the Escape key itself. */
  drop(): void;
}

export function createKeyDecoder(): KeyDecoder {
  let rest = '';

  /** Takes one key from the front of `rest`; null if its end has not come yet. */
  const take = (): Key | null => {
    if (rest.startsWith(PASTE_START)) {
      const end = rest.indexOf(PASTE_END);
      if (end < 0) return null;
      const text = rest.slice(PASTE_START.length, end);
      rest = rest.slice(end + PASTE_END.length);
      return { kind: 'paste', text: pastedText(text) };
    }
    if (rest.startsWith(ESCAPE)) {
      const after = rest.slice(ESCAPE.length);
      // The start of a sequence.
      if (/^(?:\[[\d;:<=>?]*|O)?$/.test(after)) return null;
      const sequence = /^(?:\[([\d;:<=>?]*)([@-~])|O([A-Z]))/.exec(after);
      const [alone = ''] = after;
      rest = after.slice(sequence?.[0].length ?? alone.length);
      const action = sequence
        ? sequenceAction(sequence[1] ?? '', sequence[2] ?? sequence[3]!)
        : (WITH_ALT[alone] ?? 'none');
      return { kind: 'action', action };
    }
    const text = /^[^\p{Cc}]+/u.exec(rest)?.[0];
    if (text !== undefined) {
      rest = rest.slice(text.length);
      return { kind: 'text', text };
    }
    const action = CHARACTERS[rest[0]!] ?? 'none';
    rest = rest.slice(1);
    return { kind: 'action', action };
  };

  return {
    push(chunk) {
      rest += chunk;
      const keys: Key[] = [];
      while (rest !== '') {
        const key = take();
        if (key === null) break;
        keys.push(key);
      }
      return keys;
    },
    get waits() {
      return rest !== '' && !rest.startsWith(PASTE_START);
    },
    drop() {
      rest = '';
    },
  };
}

function sequenceAction(parameters: string, last: string): KeyAction {
  const [first = '', modifier = ''] = parameters.split(';');
  const action = SEQUENCES[last === '~' ? `${first}~` : last] ?? 'none';
  // The modifier is 1 plus 2 for Alt and 4 for Ctrl: both move by words.
  const byWord = ((Number(modifier) || 1) - 1) & 6;
  return byWord === 0 ? action : (BY_WORD[action] ?? action);
}

/** Terminals send pasted line breaks as carriage returns. Other control characters are dropped. */
function pastedText(text: string): string {
  return text.replace(/\r\n?/g, '\n').replace(/(?![\n\t])\p{Cc}/gu, '');
}
