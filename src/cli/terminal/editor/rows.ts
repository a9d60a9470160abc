import { visible } from '../../../visible.js';
import { graphemesOf, graphemeWidth, textWidth } from '../text-width.js';

/** One grapheme of a row. */
interface Cell {
  /** Index in the text. */
  readonly at: number;
  /** What stands for it on the terminal. */
  readonly shown: string;
  readonly width: number;
}

/** One row of a text on the terminal. */
export interface TextRow {
  /** Index in the text of its first character. */
  readonly start: number;
  /** The last index at which the cursor stands in this row. The end of a broken row is the start of the next. */
  readonly end: number;
  readonly cells: readonly Cell[];
}

/** A place on the terminal, from 0, relative to the first row and column of the text. */
export interface RowPlace {
  readonly row: number;
  readonly column: number;
}

/**
 * Breaks a text into rows: after line breaks, between words, and inside a word that fills a row.
 * @param columns the width of a row; a space may stand one column further
 */
export function rowsOf(text: string, columns: number): TextRow[] {
  const rows: TextRow[] = [];
  let start = 0;
  let cells: Cell[] = [];
  let at = 0;
  for (const grapheme of graphemesOf(text)) {
    if (grapheme === '\n') {
      rows.push({ start, end: at, cells });
      start = at + 1;
      cells = [];
    } else {
      const cell = cellOf(grapheme, at);
      // A space after a full row hangs over its end, so that the next row begins with a word.
      const most = grapheme === ' ' ? columns + 1 : columns;
      if (cells.length > 0 && widthOf(cells) + cell.width > most) {
        const last = grapheme === ' ' ? cells.length - 1 : cells.findLastIndex(({ shown }) => shown === ' ');
        // A word that fills the row is broken at its end.
        const kept = last < 0 ? cells : cells.slice(0, last + 1);
        rows.push({ start, end: kept.at(-1)!.at, cells: kept });
        cells = cells.slice(kept.length);
        start = cells[0]?.at ?? at;
      }
      cells.push(cell);
    }
    at += grapheme.length;
  }
  return [...rows, { start, end: text.length, cells }];
}

/** Returns where the cursor stands when it is before the character at `index`. */
export function placeOf(rows: readonly TextRow[], index: number): RowPlace {
  const row = rows.findLastIndex(({ start }) => start <= index);
  return { row, column: widthOf(rows[row]!.cells.filter(({ at }) => at < index)) };
}

/** Returns the index of the character at a place, or of the end of its row. */
export function indexAt(rows: readonly TextRow[], { row, column }: RowPlace): number {
  const { cells, end } = rows[row]!;
  let taken = 0;
  for (const { at, width } of cells) {
    if (taken + width > column) return at;
    taken += width;
  }
  return end;
}

/** Returns a row as the terminal shows it. */
export const shownRow = ({ cells }: TextRow): string => cells.map(({ shown }) => shown).join('');

const widthOf = (cells: readonly Cell[]): number => cells.reduce((sum, { width }) => sum + width, 0);

function cellOf(grapheme: string, at: number): Cell {
  if (grapheme === '\t') return { at, shown: '    ', width: 4 };
  const shown = visible(grapheme);
  return { at, shown, width: shown === grapheme ? graphemeWidth(grapheme) : textWidth(shown) };
}
