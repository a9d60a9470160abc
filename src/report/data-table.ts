import type { Estimate } from '../statistics/index.js';
import type { Table } from './table.js';
import { estimateText, numberText } from './wording.js';

/** A table that is shown to people and given to programs: the same cells, as words and as numbers. */
export interface DataTable {
  /** Of its file, without an ending. */
  readonly name: string;
  readonly title: string;
  /** What the columns mean and how they came about. */
  readonly note: string;
  /** The first one names the rows. */
  readonly columns: readonly Column[];
  /** One cell a column. */
  readonly rows: readonly (readonly Cell[])[];
}

export interface Column {
  /** In a file: small letters and underscores. */
  readonly name: string;
  readonly heading: string;
  /** Of numbers, after the point; 2 if not said. */
  readonly digits?: number;
  /** Numbers show their sign: they are differences. */
  readonly signed?: boolean;
}

/** Null where there is nothing to say. */
export type Cell = string | number | Estimate | null;

/** As people read it: estimates as `0.93 [0.90, 0.96]`; a column in which nothing is said is left out. */
export function readableTable({ columns, rows }: DataTable): Table {
  const texts = rows.map((row) => row.map((cell, at) => cellText(cell, columns[at]!)));
  const shown = columns.flatMap((_, at) =>
    at === 0 || texts.some((row) => row[at] !== NOTHING) ? [at] : [],
  );
  return {
    heading: shown.map((at) => columns[at]!.heading),
    rows: texts.map((row) => shown.map((at) => row[at]!)),
    wordy: shown.flatMap((at, place) =>
      place > 0 && rows.some((row) => typeof row[at] === 'string') ? [place] : [],
    ),
  };
}

const NOTHING = '–';

function cellText(cell: Cell, style: Column): string {
  if (cell === null) return NOTHING;
  if (typeof cell === 'string') return cell;
  if (Number.isNaN(typeof cell === 'number' ? cell : cell.value)) return NOTHING;
  return typeof cell === 'number' ? numberText(cell, style) : estimateText(cell, style);
}

/**
 * As programs read it (RFC 4180, lines end in LF): an estimate takes three columns, `name`, `name_low` and `name_high`;
 * numbers have all their digits, and a cell without a value is empty.
 */
export function csvOf({ columns, rows }: DataTable): string {
  const wide = columns.map((_, at) => rows.some((row) => isEstimate(row[at]!)));
  const heading = columns.flatMap(({ name }, at) =>
    wide[at] ? [name, `${name}_low`, `${name}_high`] : [name],
  );
  const lines = rows.map((row) =>
    row.flatMap((cell, at) => {
      if (!wide[at]) return [plain(isEstimate(cell) ? cell.value : cell)];
      return isEstimate(cell) ? [cell.value, cell.low, cell.high].map(plain) : [plain(cell), '', ''];
    }),
  );
  return [heading, ...lines].map((line) => `${line.map(quoted).join(',')}\n`).join('');
}

function isEstimate(cell: Cell): cell is Estimate {
  return typeof cell === 'object' && cell !== null;
}

function plain(cell: string | number | null): string {
  return cell === null || (typeof cell === 'number' && !Number.isFinite(cell)) ? '' : String(cell);
}

function quoted(field: string): string {
  return /[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
}

/** The table in GitHub's Markdown. */
export function markdownTable({ heading, rows, wordy = [] }: Table): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells
      .map((cell) =>
        cell
          .replaceAll('\\', '\\\\')
          .replaceAll('|', '\\|')
          .replace(/\s*\n\s*/g, ' '),
      )
      .join(' | ')} |\n`;
  const rule = heading.map((_, at) => (at === 0 || wordy.includes(at) ? '---' : '--:'));
  return line(heading) + line(rule) + rows.map(line).join('');
}
