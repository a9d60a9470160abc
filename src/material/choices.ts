import { type CsvComplaint, parseCsv, parseJson } from '../formats/index.js';
import { bundledFile } from './bundled.js';
import { materialError } from './complaint.js';
import { firstIssue } from './first-issue.js';
import { materialText } from './open.js';
import { type ChoiceQuestion, choiceSchema } from './schema.js';

const MAX_QUESTIONS = 100_000;
/** Number of columns in MMLU's files, which have no header. */
const COLUMNS = 6;

/**
 * Reads multiple-choice questions with four options. `file` is `bundled`, a CSV in MMLU's format (question, A, B, C, D,
 * letter of the answer; no header), or JSONL of `{ "question", "choices": [4], "answer": "A" or 0 }`.
 * @throws HoldfastError `E_NOT_FOUND`, `E_UNREADABLE`, or `E_MATERIAL` with file and line
 */
export function loadChoices(file: string | 'bundled' = 'bundled'): ChoiceQuestion[] {
  const path = file === 'bundled' ? bundledFile('choice.jsonl') : file;
  const text = materialText(path).replace(/^\uFEFF/, '');
  const questions = /\.csv$/i.test(path) ? fromCsv(text, path) : fromJsonLines(text, path);
  if (questions.length === 0) throw materialError('there are no questions', { file: path });
  if (questions.length > MAX_QUESTIONS) {
    throw materialError(`more than ${MAX_QUESTIONS} questions: ${questions.length}`, { file: path });
  }
  return questions;
}

function fromCsv(text: string, file: string): ChoiceQuestion[] {
  const complain: CsvComplaint = (problem, line, hint) => materialError(problem, { file, line }, hint);
  return parseCsv(text, complain).map(({ line, fields }) => {
    if (fields.length !== COLUMNS) {
      throw materialError(`expected 6 columns (question, A, B, C, D, answer): found ${fields.length}`, {
        file,
        line,
      });
    }
    const [question, ...rest] = fields;
    return check({ question, choices: rest.slice(0, 4), answer: rest[4]?.trim() }, file, line);
  });
}

function fromJsonLines(text: string, file: string): ChoiceQuestion[] {
  return text.split(/\r?\n/).flatMap((row, index) => {
    if (row.trim() === '') return [];
    const line = index + 1;
    const json = parseJson(row, (why) => materialError(`not JSON: ${why}`, { file, line }), line);
    return [check(json, file, line)];
  });
}

function check(json: unknown, file: string, line: number): ChoiceQuestion {
  const result = choiceSchema.safeParse(json);
  if (result.success) return result.data;
  const { path, message } = firstIssue(result.error);
  throw materialError(message, { file, line, field: path.map(String).join('.') });
}
