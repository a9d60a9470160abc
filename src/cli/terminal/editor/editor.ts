import { visibleLine } from '../../../visible.js';
import { textWidth } from '../text-width.js';
import { wrapWords } from '../word-wrap.js';
import { type Completion, commonStart } from './completion.js';
import { createHistory } from './entry-history.js';
import type { Key, KeyAction } from './keys.js';
import { indexAt, placeOf, rowsOf, shownRow, type TextRow } from './rows.js';
import { createEditorScreen, type EditorTerminal } from './screen.js';
import {
  type EditedText,
  insertText,
  isPasted,
  PLACES,
  partOf,
  pastedText,
  replaceRange,
  typedText,
} from './text-edits.js';

/** How an editor is opened. */
export interface EditorOptions {
  /** Stands in front of the first row; the others are indented by its width. */
  readonly prompt: string;
  /** Earlier entries, oldest first. */
  readonly history: readonly string[];
  /** Called with every entry. */
  readonly onEntry: (entry: string) => void;
  /**
   * Returns the entry that a text makes, written so that it can be typed again; null if it is not complete: Enter then
   * begins another line.
   * @param pasted whether the character at an index was pasted
   */
  readonly entryOf: (text: string, pasted: (index: number) => boolean) => string | null;
  /** Returns what Tab completes the text before the cursor with. */
  readonly complete: (before: string) => Completion;
  /** Called for Ctrl-C. Returns false if it stopped nothing: the text is then cleared, and a second Ctrl-C ends the input. */
  readonly onInterrupt: () => boolean;
  /** Called after the first Ctrl-C that stopped nothing. */
  readonly onFirstInterrupt: () => void;
  /** Called when the input has ended. */
  readonly onEnd: () => void;
  /** Stops the process until it is continued (Ctrl-Z). */
  readonly onSuspend: () => void;
}

/** An editor of entries that may have several lines. */
export interface Editor {
  /** Handles a key. Between two calls of {@link read}, it is not shown; an entry made then is returned by the next call. */
  press(key: Key): void;
  /** Shows the prompt and returns the next entry; null when the input has ended. */
  read(): Promise<string | null>;
  /** Draws the prompt again, after the window has changed or something else was written. */
  refresh(): void;
  /** Ends the input. */
  end(): void;
}

/** Opens an editor. It reads keys and draws rows; it does not know where they come from. */
export function createEditor(terminal: EditorTerminal, options: EditorOptions): Editor {
  const { prompt } = options;
  const indent = ' '.repeat(textWidth(prompt));
  const screen = createEditorScreen(terminal);
  const history = createHistory(options.history);
  /** Entries that were made while none was read. */
  const waiting: string[] = [];
  let edited = typedText('');
  let cut = typedText('');
  /** The column that moving up and down keeps to; null after any other key. */
  let goal: number | null = null;
  let interrupted = false;
  let ended = false;
  let reader: ((entry: string | null) => void) | null = null;

  const breakRows = (text: string): TextRow[] =>
    rowsOf(text, Math.max(2, terminal.columns - 1 - indent.length));
  const layOut = (): TextRow[] => breakRows(edited.text);
  const shown = (rows: readonly TextRow[]): string[] =>
    rows.map((row, index) => `${index === 0 ? prompt : indent}${shownRow(row)}`);

  const refresh = (): void => {
    if (reader === null) return;
    const rows = layOut();
    const { row, column } = placeOf(rows, edited.cursor);
    screen.draw(shown(rows), { row, column: column + indent.length });
  };
  const leave = (): void => {
    if (reader !== null) screen.leave(shown(layOut()));
  };

  const moveTo = (cursor: number): void => {
    edited = { ...edited, cursor };
  };
  const remove = (start: number, end: number): void => {
    edited = replaceRange(edited, start, end, typedText(''));
  };
  const insert = (by: EditedText): void => {
    edited = insertText(edited, by);
  };
  const cutRange = (start: number, end: number): void => {
    if (start < end) cut = partOf(edited, start, end);
    remove(start, end);
  };

  const moveRow = (by: -1 | 1): void => {
    const rows = layOut();
    const { row, column } = placeOf(rows, edited.cursor);
    goal ??= column;
    if (rows[row + by] !== undefined) {
      moveTo(indexAt(rows, { row: row + by, column: goal }));
      return;
    }
    const entry = history.move(by, edited);
    if (entry === null) return;
    edited = entry;
    moveTo(entry.text.length);
  };

  const complete = (): void => {
    const { start, candidates } = options.complete(edited.text.slice(0, edited.cursor));
    const [only, ...others] = candidates;
    if (only === undefined) return;
    const common = others.length === 0 ? only : commonStart(candidates);
    if (common.length > edited.cursor - start || others.length === 0) {
      edited = replaceRange(edited, start, edited.cursor, typedText(common));
      return;
    }
    if (reader === null) return;
    leave();
    const names = candidates.map((each) => visibleLine(each.trim())).join('  ');
    terminal.write(`${wrapWords(names, terminal.columns - 1).replaceAll('\n', '\r\n')}\r\n`);
  };

  const enter = (): void => {
    const entry = options.entryOf(edited.text, (index) => isPasted(edited, index));
    if (entry === null) {
      insert(typedText('\n'));
      return;
    }
    moveTo(edited.text.length);
    leave();
    history.add(entry);
    edited = typedText('');
    if (entry.trim() !== '') options.onEntry(entry);
    if (reader === null) {
      waiting.push(entry);
      return;
    }
    give(entry);
  };

  const give = (entry: string | null): void => {
    const take = reader;
    reader = null;
    take?.(entry);
  };

  const interrupt = (): void => {
    if (options.onInterrupt()) return;
    if (interrupted) {
      end();
      return;
    }
    moveTo(edited.text.length);
    leave();
    edited = typedText('');
    options.onFirstInterrupt();
    interrupted = true;
  };

  const end = (): void => {
    if (ended) return;
    ended = true;
    leave();
    give(null);
    options.onEnd();
  };

  const actions: Readonly<Record<KeyAction, () => void>> = {
    left: () => moveTo(PLACES.left(edited)),
    right: () => moveTo(PLACES.right(edited)),
    'word-left': () => moveTo(PLACES.wordLeft(edited)),
    'word-right': () => moveTo(PLACES.wordRight(edited)),
    'line-start': () => moveTo(PLACES.lineStart(edited)),
    'line-end': () => moveTo(PLACES.lineEnd(edited)),
    up: () => moveRow(-1),
    down: () => moveRow(1),
    'delete-left': () => remove(PLACES.left(edited), edited.cursor),
    'delete-right': () => remove(edited.cursor, PLACES.right(edited)),
    'cut-word-left': () => cutRange(PLACES.wordLeft(edited), edited.cursor),
    'cut-word-right': () => cutRange(edited.cursor, PLACES.wordRight(edited)),
    'cut-line-start': () => cutRange(PLACES.lineStart(edited), edited.cursor),
    'cut-line-end': () => cutRange(edited.cursor, PLACES.lineEnd(edited)),
    'insert-cut': () => insert(cut),
    complete,
    enter,
    'new-line': () => insert(typedText('\n')),
    'clear-screen': () => {
      if (reader !== null) screen.clear();
    },
    interrupt,
    end: () => {
      if (edited.text === '') end();
      else remove(edited.cursor, PLACES.right(edited));
    },
    suspend: () => {
      leave();
      options.onSuspend();
    },
    none: () => {},
  };

  return {
    press(key) {
      if (ended) return;
      const action = key.kind === 'action' ? key.action : null;
      if (action !== 'interrupt') interrupted = false;
      if (action !== 'up' && action !== 'down') goal = null;
      if (key.kind === 'action') actions[key.action]();
      else insert(key.kind === 'paste' ? pastedText(key.text) : typedText(key.text));
      refresh();
    },
    read() {
      const entry = waiting.shift();
      if (entry !== undefined) {
        screen.leave(shown(breakRows(entry)));
        return Promise.resolve(entry);
      }
      if (ended) return Promise.resolve(null);
      return new Promise((resolve) => {
        reader = resolve;
        refresh();
      });
    },
    refresh,
    end,
  };
}
