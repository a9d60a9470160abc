import { html, type Markup } from './html.js';

/** A table of texts. The first column names the rows; the others contain numbers unless listed in `wordy`. */
export interface Table {
  readonly heading: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Indices of further columns that contain words; default: none. */
  readonly wordy?: readonly number[];
}

/** Returns one line per row, the heading first. Words are left-aligned, numbers right-aligned. */
export function textTable({ heading, rows, wordy = [] }: Table): string[] {
  return alignColumns([heading, ...rows], wordy);
}

/**
 * Returns the rows as lines, each column as wide as its widest cell. The first column and those in `wordy` are
 * left-aligned, the others right-aligned. No line ends in spaces.
 */
export function alignColumns(rows: readonly (readonly string[])[], wordy: readonly number[]): string[] {
  const columns = rows[0]?.length ?? 0;
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.map((row) => row[column]!.length)),
  );
  const padded = (cell: string, column: number): string =>
    column === 0 || wordy.includes(column) ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!);
  return rows.map((row) => row.map(padded).join('  ').trimEnd());
}

/** Returns the table as HTML. Columns of words are left-aligned and may wrap. */
export function htmlTable({ heading, rows, wordy = [] }: Table): Markup {
  const side = (at: number): Markup => (wordy.includes(at) ? html` class="words"` : html``);
  return html`<table>
<thead><tr>${heading.map((cell, at) => html`<th scope="col"${side(at)}>${cell}</th>`)}</tr></thead>
<tbody>
${rows.map(([name = '', ...cells]) => html`<tr><th scope="row">${name}</th>${cells.map((cell, at) => html`<td${side(at + 1)}>${cell}</td>`)}</tr>\n`)}</tbody>
</table>`;
}
