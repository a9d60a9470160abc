import { nearest } from '../../nearest.js';
import { checkChosen } from './material.js';
import {
  complain,
  distinct,
  namedList,
  number,
  oneOrMore,
  type Placed,
  type Reader,
  type Readers,
  type Report,
  readFields,
  text,
} from './read-value.js';
import type { SourceSpec } from './spec.js';
import type { Entry, Tree } from './yaml-tree.js';

/** Turns a path of the file into one from where the command runs. */
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

const KINDS: readonly SourceSpec['kind'][] = ['organism', 'self-chat', 'script', 'primed', 'replay'];

const common: Readers<Common> = {
  name: text,
  // The last number that there are seeds for is 2^20 − 1.
  dialogues: number({ from: 1, to: 500_000, whole: true }),
  first: number({ from: 0, to: 500_000, whole: true }),
  rounds: number({ from: 1, to: 1000, whole: true }),
};
const choice: Readers<Choice> = { material: text, groups: distinct(oneOrMore(text)) };
const script = { script: text };
const given = { given: number({ from: 1, to: 100, whole: true }) };
const file = { file: text };

/** The list of sources, or one alone; names unique. */
export const sourceList = (locate: Locate): Reader<readonly Placed<SourceSpec>[]> =>
  namedList(source(locate), 'source');

/** `organism`, or `organism: { … }`. */
function source(locate: Locate): Reader<SourceSpec> {
  return (tree, report) => {
    const entry = entryOf(tree);
    const kind = KINDS.find((known) => known === entry?.key);
    if (entry === null) {
      const kinds = KINDS.join(', ');
      complain(tree, report, `expected one of ${kinds}, with what is to be said of it under it`);
    } else if (kind === undefined) {
      const meant = nearest(entry.key, KINDS);
      const help = meant === null ? `known are ${KINDS.join(', ')}` : `did you mean ${meant}?`;
      complain({ name: entry.key, at: entry.at }, report, `no such source; ${help}`);
    } else return sourceOf(kind, entry.value, locate, report);
    return undefined;
  };
}

/** A kind and what is said of it; null for what is neither a word nor a mapping of one key. */
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
      const said = readFields<Common>(options, common, report);
      return said && { kind, ...complete(said, kind, 16) };
    }
    case 'self-chat': {
      const said = readFields<Common & Choice>(options, { ...common, ...choice }, report);
      if (said === undefined) return undefined;
      const source = { kind, ...complete(said, kind, 8), ...chosen(said, locate) };
      checkChosen(options, source, report);
      return source;
    }
    case 'script': {
      const readers = { ...common, ...choice, ...script };
      const said = readFields<Common & Choice & Script>(options, readers, report, ['script']);
      if (said?.script === undefined) return undefined;
      const name = `script ${said.script}`;
      const source = { kind, ...complete(said, name, 8), ...chosen(said, locate), script: said.script };
      checkChosen(options, source, report);
      return source;
    }
    case 'primed': {
      const readers = { ...common, ...choice, ...script, ...given };
      const said = readFields<Common & Choice & Script & Given>(options, readers, report, ['script']);
      if (said?.script === undefined) return undefined;
      const { script: name, given: count = 3 } = said;
      const dialogues = complete(said, `primed ${name}`, 8);
      const source = { kind, ...dialogues, ...chosen(said, locate), script: name, given: count };
      checkChosen(options, source, report);
      return source;
    }
    case 'replay': {
      const said = readFields<Common & Recorded>(options, { ...common, ...file }, report, ['file']);
      return said?.file === undefined
        ? undefined
        : { kind, ...complete(said, kind, 8), file: locate(said.file) };
    }
  }
}

function complete({ name, dialogues, first, rounds }: Partial<Common>, kind: string, usual: number): Common {
  return { name: name ?? kind, dialogues: dialogues ?? 24, first: first ?? 0, rounds: rounds ?? usual };
}

function chosen({ material, groups }: Partial<Choice>, locate: Locate) {
  return { material: material === undefined ? null : locate(material), groups: groups ?? null };
}
