import { isBundled } from '../../material/index.js';
import { nearest } from '../../nearest.js';
import { checkChosen } from './material.js';
import {
  complain,
  distinct,
  namedList,
  number,
  oneOf,
  oneOrMore,
  type Placed,
  type Reader,
  type Readers,
  type Report,
  readFields,
  text,
} from './read-value.js';
import type { SourceSpec, Users } from './spec.js';
import type { Entry, Tree } from './yaml-tree.js';

/** Resolves a path in the specification, which is relative to its folder. */
export type Locate = (path: string) => string;

interface Common {
  readonly name: string;
  readonly dialogues: number;
  readonly first: number;
  readonly rounds: number;
}

interface Choice {
  readonly material: string;
  readonly groups: readonly string[];
  readonly prompts: readonly string[];
}

interface Script {
  readonly script: string;
}

interface Given {
  readonly given: number;
}

interface Recorded {
  readonly file: string;
}

interface Own {
  readonly file: string;
  readonly rules: string;
  readonly users: Users;
}

const USERS: readonly Users[] = ['everyday', 'organism'];

const KINDS: readonly SourceSpec['kind'][] = [
  'organism',
  'self-chat',
  'script',
  'primed',
  'replay',
  'prompt',
];

const common: Readers<Common> = {
  name: text,
  // Seeds exist for dialogue indices up to 2^20 − 1.
  dialogues: number({ from: 1, to: 500_000, whole: true }),
  first: number({ from: 0, to: 500_000, whole: true }),
  rounds: number({ from: 1, to: 1000, whole: true }),
};
const choice: Readers<Choice> = {
  material: text,
  groups: distinct(oneOrMore(text)),
  prompts: distinct(oneOrMore(text)),
};
const script = { script: text };
const given = { given: number({ from: 1, to: 100, whole: true }) };
const file = { file: text };
const own = { ...file, rules: text, users: oneOf(USERS) };

/** Reads the list of sources, or a single one. Names are unique. */
export const sourceList = (locate: Locate): Reader<readonly Placed<SourceSpec>[]> =>
  namedList(source(locate), 'source');

/** Reads a source: its kind alone, `organism`, or with options, `organism: { … }`. */
function source(locate: Locate): Reader<SourceSpec> {
  return (tree, report) => {
    const entry = entryOf(tree);
    const kind = KINDS.find((known) => known === entry?.key);
    if (entry === null) {
      const kinds = KINDS.join(', ');
      complain(tree, report, `expected one of ${kinds}, with its options as a mapping below it`);
    } else if (kind === undefined) {
      const near = nearest(entry.key, KINDS);
      const help = near === null ? `known: ${KINDS.join(', ')}` : `did you mean ${near}?`;
      complain({ name: entry.key, at: entry.at }, report, `unknown source; ${help}`);
    } else return sourceOf(kind, entry.value, locate, report);
    return undefined;
  };
}

/** Returns a kind and its options; null for a tree that is neither a word nor a mapping with one key. */
function entryOf(tree: Tree): Entry | null {
  const { name, at } = tree;
  const nothing: Tree = { kind: 'map', name, at, entries: [] };
  if (tree.kind === 'scalar' && typeof tree.value === 'string')
    return { key: tree.value, at, value: nothing };
  const entry = tree.kind === 'map' && tree.entries.length === 1 ? tree.entries[0] : undefined;
  if (entry === undefined) return null;
  const isEmpty = entry.value.kind === 'scalar' && entry.value.value === null;
  return isEmpty ? { ...entry, value: nothing } : entry;
}

function sourceOf(
  kind: SourceSpec['kind'],
  options: Tree,
  locate: Locate,
  report: Report,
): SourceSpec | undefined {
  switch (kind) {
    case 'organism': {
      const fields = readFields<Common>(options, common, report);
      return fields && { kind, ...complete(fields, kind, 16) };
    }
    case 'self-chat': {
      const fields = readFields<Common & Choice>(options, { ...common, ...choice }, report);
      if (fields === undefined) return undefined;
      const source = { kind, ...complete(fields, kind, 8), ...chosen(fields, locate) };
      checkChosen(options, source, report);
      return source;
    }
    case 'script': {
      const readers = { ...common, ...choice, ...script };
      const fields = readFields<Common & Choice & Script>(options, readers, report, ['script']);
      if (fields?.script === undefined) return undefined;
      const name = `script ${fields.script}`;
      const source = { kind, ...complete(fields, name, 8), ...chosen(fields, locate), script: fields.script };
      checkChosen(options, source, report);
      return source;
    }
    case 'primed': {
      const readers = { ...common, ...choice, ...script, ...given };
      const fields = readFields<Common & Choice & Script & Given>(options, readers, report, ['script']);
      if (fields?.script === undefined) return undefined;
      const { script: name, given: count = 3 } = fields;
      const dialogues = complete(fields, `primed ${name}`, 8);
      const source = { kind, ...dialogues, ...chosen(fields, locate), script: name, given: count };
      checkChosen(options, source, report);
      return source;
    }
    case 'replay': {
      const fields = readFields<Common & Recorded>(options, { ...common, ...file }, report, ['file']);
      return fields?.file === undefined
        ? undefined
        : { kind, ...complete(fields, kind, 8), file: locate(fields.file) };
    }
    case 'prompt': {
      const fields = readFields<Common & Own>(options, { ...common, ...own }, report, ['file']);
      if (fields?.file === undefined) return undefined;
      const { file, rules, users = 'everyday' } = fields;
      const files = { file: locate(file), rules: rules === undefined ? null : locate(rules) };
      return { kind, ...complete(fields, kind, 8), ...files, users };
    }
  }
}

function complete({ name, dialogues, first, rounds }: Partial<Common>, kind: string, usual: number): Common {
  return { name: name ?? kind, dialogues: dialogues ?? 24, first: first ?? 0, rounds: rounds ?? usual };
}

function chosen({ material, groups, prompts }: Partial<Choice>, locate: Locate) {
  return {
    material: material === undefined ? null : located(material, locate),
    groups: groups ?? null,
    ...(prompts && { prompts }),
  };
}

/** Returns the name of bundled material, or a path; null for the default. */
function located(material: string, locate: Locate): string | null {
  if (material === 'bundled') return null;
  return isBundled(material) ? material : locate(material);
}
