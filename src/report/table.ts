import { html, type Markup } from './html.js';

/** A heading over each column; the first column names the rows, the others hold numbers unless it is said. */
export interface Table {
  readonly heading: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Places of columns beside the first that hold words; none if not said. */
  readonly wordy?: readonly number[];
}

/** One line a row, the heading first: names and words to the left, numbers to the right. */
export function textTable({ heading, rows, wordy = [] }: Table): string[] {
  const all = [heading, ...rows];
  const widths = heading.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  return all.map((row) =>
    row
      .map((cell, column) =>
        column === 0 || wordy.includes(column)
          ? cell.padEnd(widths[column]!)
          : cell.padStart(widths[column]!),
      )
      .join('  '),
  );
}

/** Columns of words stand to the left, and a sentence in them may be broken. */
export function htmlTable({ heading, rows, wordy = [] }: Table): Markup {
  const side = (at: number): Markup => (wordy.includes(at) ? html` class="words"` : html``);
  return html`<table>
<thead><tr>${heading.map((cell, at) => html`<th scope="col"${side(at)}>${cell}</th>`)}</tr></thead>
<tbody>
${rows.map(([name = '', ...cells]) => html`<tr><th scope="row">${name}</th>${cells.map((cell, at) => html`<td${side(at + 1)}>${cell}</td>`)}</tr>\n`)}</tbody>
</table>`;
}
