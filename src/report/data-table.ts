import { csvLine } from '../formats/index.js';
import type { Estimate } from '../statistics/index.js';
import type { Table } from './table.js';
import { estimateText, numberText } from './wording.js';

/** A table of data that can be written as text for people and as CSV for programs. */
export interface DataTable {
  /** The base name of its file. */
  readonly name: string;
  readonly title: string;
  /** What the columns mean and how they were computed; columns that may be without values have notes of their own. */
  readonly note: string;
  /** The first one names the rows. */
  readonly columns: readonly Column[];
  /** One cell per column. */
  readonly rows: readonly (readonly TableCell[])[];
}

/** A column of a {@link DataTable}. */
export interface Column {
  /** The name in a file: lower-case letters and underscores. */
  readonly name: string;
  /** The heading for people. */
  readonly heading: string;
  /** Decimal places; default: 2. */
  readonly digits?: number;
  /** Whether positive numbers get a plus sign, as differences do. */
  readonly signed?: boolean;
  /** How an infinite number is written for people; default: `Infinity`. A file has `inf`. */
  readonly infinite?: string;
  /** One or more sentences on what it means, for people; left out with the column if it has no value. */
  readonly note?: string;
}

/** A cell of a {@link DataTable}; null if it has no value. */
export type TableCell = string | number | Estimate | null;

/** A table for people, with the note below it. */
export interface ReadableTable extends Table {
  readonly note: string;
}

/** Returns the table for people: estimates as `0.93 [0.90, 0.96]`, columns without any value left out with their notes. */
export function readableTable({ columns, rows, note }: DataTable): ReadableTable {
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
    note: [note, ...shown.flatMap((at) => columns[at]!.note ?? [])].filter((text) => text !== '').join(' '),
  };
}

const NOTHING = '–';

function cellText(cell: TableCell, style: Column): string {
  if (cell === null) return NOTHING;
  if (typeof cell === 'string') return cell;
  if (Number.isNaN(typeof cell === 'number' ? cell : cell.value)) return NOTHING;
  return typeof cell === 'number' ? smallText(cell, style) : estimateText(cell, style);
}

/** Returns a number as text; `<0.001` if it is above zero and rounds to zero. */
function smallText(number: number, style: Column): string {
  const text = numberText(number, style);
  const least = 10 ** -(style.digits ?? 2);
  return number > 0 && Number(text) === 0 ? `<${numberText(least, { digits: style.digits })}` : text;
}

/**
 * Returns the table as CSV (RFC 4180, but lines end in LF). An estimate takes three columns: `name`, `name_low` and
 * `name_high`. Numbers keep all their digits, infinite ones are `inf`; a cell without a value is empty.
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
  return [heading, ...lines].map(csvLine).join('');
}

function isEstimate(cell: TableCell): cell is Estimate {
  return typeof cell === 'object' && cell !== null;
}

function plain(cell: string | number | null): string {
  if (cell === Number.POSITIVE_INFINITY) return 'inf';
  if (cell === Number.NEGATIVE_INFINITY) return '-inf';
  return cell === null || (typeof cell === 'number' && !Number.isFinite(cell)) ? '' : String(cell);
}

/** Returns the table in GitHub's Markdown. */
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
