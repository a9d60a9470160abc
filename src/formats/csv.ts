/** A CSV record. `line` is the line on which it starts, from 1. */
export interface CsvRecord {
  readonly line: number;
  readonly fields: readonly string[];
}

/** Returns the error for a file that is not CSV. `line` counts from 1. */
export type CsvComplaint = (problem: string, line: number, hint: string) => Error;

/**
 * Parses CSV (RFC 4180): fields are separated by commas; a field that contains a comma, quote or line break is quoted,
 * with its quotes doubled. Skips blank lines.
 * @throws the error that `complain` returns
 */
export function parseCsv(text: string, complain: CsvComplaint): CsvRecord[] {
  const records: CsvRecord[] = [];
  // A quoted or bare field, and what ends it. Consuming the text field by field takes one pass.
  const field = /(?:"([^"]*(?:""[^"]*)*)"|([^",\r\n]*))(,|\r?\n|$)/gy;
  let fields: string[] = [];
  let line = 1;
  let begun = 1;
  while (field.lastIndex < text.length || fields.length > 0) {
    const at = field.lastIndex;
    const match = field.exec(text);
    if (match === null) {
      const problem =
        text[at] === '"' ? 'a quote is not closed, or text follows it' : 'an unquoted field contains a quote';
      throw complain(problem, line, 'Put the field in quotes and double the quotes inside it');
    }
    const [whole, quoted, bare, end] = match;
    fields.push(quoted?.replaceAll('""', '"') ?? bare ?? '');
    line += whole.split('\n').length - 1;
    if (end === ',') continue;
    if (fields.length > 1 || fields[0] !== '') records.push({ line: begun, fields });
    fields = [];
    begun = line;
  }
  return records;
}

/** Returns fields as one line of CSV (RFC 4180, but ending in LF). */
export const csvLine = (fields: readonly string[]): string =>
  `${fields.map((field) => (/[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field)).join(',')}\n`;
