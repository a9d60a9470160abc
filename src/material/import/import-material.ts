import { join } from 'node:path';
import { HoldfastError } from '../../errors.js';
import { materialError } from '../complaint.js';
import { materialText, namesIn } from '../open.js';
import { type Entry, entriesIn } from './entries.js';
import { type FileKind, FORMATS, type Format, type FormatName, IMPORT_FORMATS } from './formats.js';
import type { ImportedFile } from './imported.js';
import { type MaterialFile, materialFiles } from './material-files.js';

/** Published data in our form. */
export interface ImportedMaterial {
  readonly format: FormatName;
  /** The published files that were read. */
  readonly read: readonly string[];
  /** The files of a folder of material, with paths relative to it. */
  readonly files: readonly MaterialFile[];
  readonly prompts: number;
  readonly scripts: number;
  readonly recorded: number;
  /** What was left out: each reason, with the number of entries that have it. */
  readonly skipped: ReadonlyMap<string, number>;
}

/** A file of the folder, and what reads it. */
interface Recognised {
  readonly name: string;
  readonly format: FormatName;
  readonly kind: FileKind;
  readonly entries: readonly Entry[];
}

/**
 * Reads published data from a folder, and returns it as the files of a folder of material. Files are recognised by their
 * content; others are ignored. Answers are judged only where a program judges them in the published evaluation.
 * @param format the collection that the folder has; needed only if it has files of several
 * @throws HoldfastError `E_NOT_FOUND`, `E_UNREADABLE`, or `E_MATERIAL` with file, line and field
 */
export function importMaterial(folder: string, format?: FormatName): ImportedMaterial {
  const recognised = recognise(folder, format === undefined ? IMPORT_FORMATS : [format]);
  const formats = [...new Set(recognised.map((file) => file.format))];
  const [found] = formats;
  if (found === undefined) throw nothingFound(folder, format);
  if (formats.length > 1) {
    throw materialError(
      `the folder has files of several collections: ${formats.join(', ')}`,
      { file: folder },
      'Choose one with --format',
    );
  }
  const imported = recognised.map(({ kind, entries }) => kind.read(entries));
  const source = {
    ...FORMATS[found],
    read: recognised.map(({ name }) => name),
    licenceText: licenceIn(folder),
  };
  const merged = mergeFiles(imported);
  return {
    format: found,
    read: source.read,
    files: materialFiles(merged, source),
    prompts: merged.prompts.length,
    scripts: merged.scripts.length,
    recorded: merged.recordings.reduce((sum, { dialogues }) => sum + dialogues.length, 0),
    skipped: merged.skipped,
  };
}

function recognise(folder: string, formats: readonly FormatName[]): Recognised[] {
  const names = namesIn(folder);
  if (names === null) throw new HoldfastError('E_NOT_FOUND', 'the folder does not exist', { file: folder });
  return names
    .filter((name) => /\.jsonl?$/.test(name))
    .flatMap((name) => {
      const entries = entriesIn(join(folder, name));
      return formats.flatMap((format) => {
        const { kinds }: Format = FORMATS[format];
        return kinds
          .filter((kind) => isOfKind(entries[0]?.json, kind))
          .map((kind) => ({ name, format, kind, entries }));
      });
    });
}

const isOfKind = (json: unknown, { keys, without = [] }: FileKind): boolean =>
  typeof json === 'object' &&
  json !== null &&
  keys.every((key) => Object.hasOwn(json, key)) &&
  !without.some((key) => Object.hasOwn(json, key));

function nothingFound(folder: string, format: FormatName | undefined): HoldfastError {
  const sought = (format === undefined ? IMPORT_FORMATS : [format]).map((name) => {
    const { title, kinds }: Format = FORMATS[name];
    return `${title}: ${kinds.map(({ file }) => file).join(', ')}`;
  });
  return materialError(
    'the folder has no file that can be imported',
    { file: folder },
    `Give the folder that has one of these files. ${sought.join('; ')}`,
  );
}

/** Returns the licence that lies beside the data; null if there is none. */
function licenceIn(folder: string): string | null {
  const name = (namesIn(folder) ?? []).find((file) => /^licen[cs]e(\.txt|\.md)?$/i.test(file));
  return name === undefined ? null : materialText(join(folder, name));
}

function mergeFiles(files: readonly ImportedFile[]): Required<ImportedFile> {
  return {
    prompts: files.flatMap(({ prompts = [] }) => prompts),
    scripts: files.flatMap(({ scripts = [] }) => scripts),
    recordings: files.flatMap(({ recordings = [] }) => recordings),
    skipped: sumOf(files.map(({ skipped = new Map() }) => skipped)),
  };
}

/** Adds counts of the same reason up: a folder may have several files of one kind. */
function sumOf(counts: readonly ReadonlyMap<string, number>[]): Map<string, number> {
  const sums = new Map<string, number>();
  for (const [reason, count] of counts.flatMap((own) => [...own])) {
    sums.set(reason, (sums.get(reason) ?? 0) + count);
  }
  return sums;
}
