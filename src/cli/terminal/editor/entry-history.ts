import { type EditedText, typedText } from './text-edits.js';

/** Earlier entries that the arrow keys bring back, and the text that was being written. */
export interface EntryHistory {
  /** Adds an entry, unless it repeats the one before it. */
  add(entry: string): void;
  /** Returns the entry before or after the one shown; null if there is none. `edited` is what the line has now. */
  move(by: -1 | 1, edited: EditedText): EditedText | null;
}

/** @param entries earlier entries, oldest first */
export function createHistory(entries: readonly string[]): EntryHistory {
  const all = [...entries];
  /** What was changed in the lines that were visited since the last entry. */
  let changed = new Map<number, EditedText>();
  let at = all.length;
  return {
    add(entry) {
      if (entry !== '' && all.at(-1) !== entry) all.push(entry);
      changed = new Map();
      at = all.length;
    },
    move(by, edited) {
      const to = at + by;
      if (to < 0 || to > all.length) return null;
      changed.set(at, edited);
      at = to;
      return changed.get(to) ?? typedText(all[to] ?? '');
    },
  };
}
