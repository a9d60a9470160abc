import { HoldfastError } from '../errors.js';
import { csvLine, parseCsv } from '../formats/index.js';
import { visible } from '../visible.js';
import type { JudgedAnswer } from './judged-answers.js';

const COLUMNS = ['id', 'prompt', 'about', 'probe', 'answer', 'label'] as const;
const ID = COLUMNS.indexOf('id');
const LABEL = COLUMNS.indexOf('label');
/** What a person writes into the column `label`, in any case. */
const LABELS: ReadonlyMap<string, boolean> = new Map([
  ['yes', true],
  ['no', false],
]);

/** A person's word on an answer: whether it follows the prompt. */
export interface Label {
  readonly id: string;
  readonly follows: boolean;
}

/**
 * Returns a CSV for a person to fill in: one answer a line, with an empty label. It says nothing of arm, round or score. A
 * byte order mark makes spreadsheets read it as UTF-8. An apostrophe goes before a text that a spreadsheet would take for a
 * formula, and characters that act on a terminal are escaped.
 */
export function labelFile(answers: readonly JudgedAnswer[]): string {
  const lines = answers.map(({ id, prompt, about, probe, answer }) => [
    id,
    ...[prompt, about, probe, answer].map(asText),
    '',
  ]);
  return `\uFEFF${[[...COLUMNS], ...lines].map(csvLine).join('')}`;
}

const asText = (text: string): string => visible(/^[=+\-@\t\r]/.test(text) ? `'${text}` : text);

/**
 * Reads a file of labels. Only ids and labels count: what a spreadsheet does to the other columns changes nothing.
 * @param text the file's text, without byte order mark
 * @param known the ids of the study's answers
 * @throws HoldfastError `E_LABELS` with the line
 */
export function parseLabels(text: string, file: string, known: ReadonlySet<string>): Label[] {
  const complain = (problem: string, line: number, hint: string): HoldfastError =>
    new HoldfastError('E_LABELS', `line ${line}: ${problem}`, { file, hint });
  const [header, ...records] = parseCsv(text, complain);
  const columns = header?.fields.map((field) => field.trim().toLowerCase()).join(',') ?? '';
  if (columns !== COLUMNS.join(',')) {
    throw complain(
      `expected the columns ${COLUMNS.join(',')}: found ${columns === '' ? 'nothing' : columns}`,
      header?.line ?? 1,
      'Save the file as CSV with commas, with the columns that judge sample wrote',
    );
  }
  const seen = new Map<string, number>();
  return records.map(({ line, fields }) => {
    if (fields.length !== COLUMNS.length) {
      throw complain(
        `expected ${COLUMNS.length} fields: found ${fields.length}`,
        line,
        'Put fields with commas in quotes',
      );
    }
    const id = fields[ID]!.trim();
    if (!known.has(id)) {
      throw complain(
        `no answer of the study has the id ${id === '' ? '""' : id}`,
        line,
        'Name the folder that judge sample read. If the study has changed since, take a new sample',
      );
    }
    const first = seen.get(id);
    if (first !== undefined) {
      throw complain(`the answer is already labelled on line ${first}`, line, 'Remove one of the two lines');
    }
    seen.set(id, line);
    const said = fields[LABEL]!.trim();
    const follows = LABELS.get(said.toLowerCase());
    if (follows === undefined) {
      throw complain(
        said === '' ? 'the label is missing' : `not a label: ${said}`,
        line,
        'Write yes if the answer does what the prompt asks, otherwise no; or remove the line',
      );
    }
    return { id, follows };
  });
}
