import { materialError } from './complaint.js';

/** A record of CSV and the line that it begins in, from 1. */
export interface CsvRecord {
  readonly line: number;
  readonly fields: readonly string[];
}

/**
 * Reads CSV as RFC 4180 has it: commas, quotes around fields that hold commas, quotes or line ends, and doubled quotes
 * inside them. Blank lines are left out.
 * @throws HoldfastError `E_MATERIAL` naming the line
 */
export function parseCsv(text: string, file: string): CsvRecord[] {
  const records: CsvRecord[] = [];
  // A field in quotes or bare, and what ends it. A text that is consumed field by field is read in one pass.
  const field = /(?:"([^"]*(?:""[^"]*)*)"|([^",\r\n]*))(,|\r?\n|$)/gy;
  let fields: string[] = [];
  let line = 1;
  let begun = 1;
  while (field.lastIndex < text.length || fields.length > 0) {
    const at = field.lastIndex;
    const match = field.exec(text);
    if (match === null) {
      const problem =
        text[at] === '"' ? 'a quote that is not closed, or followed by text' : 'a quote inside a bare field';
      throw materialError(problem, { file, line }, 'Put the field in quotes and double the quotes inside it');
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
