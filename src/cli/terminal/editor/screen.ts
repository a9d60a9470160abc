import { textWidth } from '../text-width.js';
import type { RowPlace } from './rows.js';

/** The part of a terminal that the editor draws on. */
export interface EditorTerminal {
  readonly columns: number;
  readonly rows: number;
  write(text: string): void;
}

/** Rows at the bottom of a terminal that are drawn again after every key. */
export interface EditorScreen {
  /**
   * Draws the rows over those of before. If there are more than the terminal has, draws those around the cursor.
   * @param rows text without control characters, none wider than the terminal
   */
  draw(rows: readonly string[], cursor: RowPlace): void;
  /** Draws all rows one last time, and puts the cursor below them. */
  leave(rows: readonly string[]): void;
  /** Clears the whole terminal. */
  clear(): void;
}

export function createEditorScreen(terminal: EditorTerminal): EditorScreen {
  /** Widths of the rows from the first to that of the cursor, and the cursor's column. */
  let above: readonly number[] = [];
  let column = 0;

  /** Moves to the first row and clears the terminal from there. A narrower window has broken the rows since. */
  const restart = (): string => {
    const { columns } = terminal;
    const up =
      above.reduce((lines, width) => lines + Math.max(1, Math.ceil(width / columns)), 0) +
      Math.floor(column / columns);
    return `${up > 0 ? `\u001b[${up}A` : ''}\r\u001b[J`;
  };

  return {
    draw(rows, cursor) {
      const most = Math.max(1, terminal.rows);
      const first = Math.max(0, Math.min(cursor.row - most + 1, rows.length - most));
      const shown = rows.slice(first, first + most);
      const up = shown.length - 1 - (cursor.row - first);
      const moves = `${up > 0 ? `\u001b[${up}A` : ''}\r${cursor.column > 0 ? `\u001b[${cursor.column}C` : ''}`;
      terminal.write(`${restart()}${shown.join('\r\n')}${moves}`);
      above = shown.slice(0, cursor.row - first).map(textWidth);
      column = Math.min(cursor.column, terminal.columns - 1);
    },
    leave(rows) {
      terminal.write(`${restart()}${rows.join('\r\n')}\r\n`);
      above = [];
      column = 0;
    },
    clear() {
      terminal.write('\u001b[H\u001b[2J');
      above = [];
      column = 0;
    },
  };
}
