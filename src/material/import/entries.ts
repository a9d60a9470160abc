import type { z } from 'zod';
import type { HoldfastError } from '../../errors.js';
import { parseJson } from '../../formats/index.js';
import { materialError } from '../complaint.js';
import { firstIssue } from '../first-issue.js';
import { materialText } from '../open.js';

/** An entry of a published file, and its place. */
export interface Entry {
  readonly json: unknown;
  readonly file: string;
  /** Line, from 1, in JSONL; null in an array. */
  readonly line: number | null;
  /** Index, from 0, in an array; null in JSONL. */
  readonly index: number | null;
}

/**
 * Reads the entries of a published file: one a line (`.jsonl`), or an array (`.json`); none if the JSON is no array.
 * @throws HoldfastError `E_NOT_FOUND`, `E_UNREADABLE`, or `E_MATERIAL` with the line if it is not JSON
 */
export function entriesIn(file: string): Entry[] {
  const text = materialText(file).replace(/^\uFEFF/, '');
  const parse = (part: string, line: number): unknown =>
    parseJson(part, (why) => materialError(`not JSON: ${why}`, { file, line }), line);
  if (!file.endsWith('.jsonl')) {
    const json = parse(text, 1);
    return Array.isArray(json) ? json.map((entry, index) => ({ json: entry, file, line: null, index })) : [];
  }
  return text.split('\n').flatMap((row, at) => {
    const line = at + 1;
    return row.trim() === '' ? [] : [{ json: parse(row, line), file, line, index: null }];
  });
}

/** Returns an error about a part of an entry. */
export function entryError(entry: Entry, problem: string, path: readonly PropertyKey[] = []): HoldfastError {
  const { file, line, index } = entry;
  const field = [...(index === null ? [] : [index]), ...path].map(String).join('.');
  return materialError(problem, { file, field, ...(line === null ? {} : { line }) });
}

/**
 * Checks an entry against a schema.
 * @throws HoldfastError `E_MATERIAL` with file, line and field, also for control characters in its texts
 */
export function readEntry<Schema extends z.ZodType>(schema: Schema, entry: Entry): z.infer<Schema> {
  const result = schema.safeParse(entry.json);
  if (!result.success) {
    const { path, message } = firstIssue(result.error);
    throw entryError(entry, message, path);
  }
  const control = controlCharacterIn(result.data);
  if (control !== null) {
    const { path, point } = control;
    throw entryError(entry, `control character U+${point.toString(16).toUpperCase().padStart(4, '0')}`, path);
  }
  return result.data;
}

/** Throws if two entries have the same id. @param ids one for each entry */
export function refuseTwins(entries: readonly Entry[], key: string, ids: readonly unknown[]): void {
  for (const [at, id] of ids.entries()) {
    if (ids.indexOf(id) < at) throw entryError(entries[at]!, `duplicate ${key}: ${id}`, [key]);
  }
}

/** Returns the place of the first control character other than line breaks and tabs; null if there is none. */
function controlCharacterIn(
  json: unknown,
): { readonly path: readonly PropertyKey[]; readonly point: number } | null {
  if (typeof json === 'string') {
    const found = /(?![\n\r\t])\p{Cc}/u.exec(json)?.[0].codePointAt(0);
    return found === undefined ? null : { path: [], point: found };
  }
  if (typeof json !== 'object' || json === null) return null;
  for (const [key, value] of Object.entries(json)) {
    const inside = controlCharacterIn(value);
    if (inside !== null) return { ...inside, path: [key, ...inside.path] };
  }
  return null;
}
