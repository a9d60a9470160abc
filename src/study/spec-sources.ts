import { nearest } from './nearest.js';
import {
  distinct,
  listOf,
  number,
  oneOrMore,
  type Placed,
  type Reader,
  type Readers,
  readFields,
  refuseTwins,
  text,
} from './read-value.js';
import type { SourceSpec } from './spec.js';
import type { Tree } from './yaml-tree.js';

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

type Kind = SourceSpec['kind'];

const KINDS: readonly Kind[] = ['organism', 'self-chat', 'script', 'primed', 'replay'];

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
export function sourceList(locate: Locate): Reader<readonly SourceSpec[]> {
  return (tree, report) => {
    const items: readonly Tree[] = tree.kind === 'list' ? tree.items : [tree];
    const read = items.map((item): Placed<SourceSpec> | undefined => {
      const value = source(locate)(item, report);
      return value && { value, tree: item };
    });
    if (items.length === 0) return listOf(source(locate))(tree, report);
    if (read.includes(undefined)) return undefined;
    const sources = read.filter((each) => each !== undefined);
    refuseTwins(sources, 'source', report);
    return sources.map(({ value }) => value);
  };
}

function source(locate: Locate): Reader<SourceSpec> {
  return (tree, report) => {
    const entry =
      tree.kind === 'map' && tree.entries.length === 1
        ? tree.entries[0]
        : tree.kind === 'scalar' && typeof tree.value === 'string'
          ? { key: tree.value, at: tree.at, value: { ...tree, kind: 'map' as const, entries: [] } }
          : undefined;
    if (entry === undefined) {
      report({
        ...tree.at,
        text: `sources: expected one of ${KINDS.join(', ')}, with what is to be said of it under it`,
      });
      return undefined;
    }
    const { value } = entry;
    const options: Tree =
      value.kind === 'scalar' && value.value === null ? { ...value, kind: 'map', entries: [] } : value;
    switch (entry.key) {
      case 'organism': {
        const fields = readFields<Common>(options, common, report);
        return fields && { kind: 'organism', ...complete(fields, 'organism', 16) };
      }
      case 'self-chat': {
        const fields = readFields<Common & Choice>(options, { ...common, ...choice }, report);
        return (
          fields && { kind: 'self-chat', ...complete(fields, 'self-chat', 8), ...chosen(fields, locate) }
        );
      }
      case 'script': {
        const readers = { ...common, ...choice, ...script };
        const fields = readFields<Common & Choice & { script: string }>(options, readers, report, ['script']);
        if (fields?.script === undefined) return undefined;
        return {
          kind: 'script',
          ...complete(fields, `script ${fields.script}`, 8),
          ...chosen(fields, locate),
          script: fields.script,
        };
      }
      case 'primed': {
        const readers = { ...common, ...choice, ...script, ...given };
        type Primed = Common & Choice & { script: string; given: number };
        const fields = readFields<Primed>(options, readers, report, ['script']);
        if (fields?.script === undefined) return undefined;
        return {
          kind: 'primed',
          ...complete(fields, `primed ${fields.script}`, 8),
          ...chosen(fields, locate),
          script: fields.script,
          given: fields.given ?? 3,
        };
      }
      case 'replay': {
        const fields = readFields<Common & { file: string }>(options, { ...common, ...file }, report, [
          'file',
        ]);
        if (fields?.file === undefined) return undefined;
        return { kind: 'replay', ...complete(fields, 'replay', 8), file: locate(fields.file) };
      }
      default: {
        const meant = nearest(entry.key, KINDS);
        const help = meant === null ? `known are ${KINDS.join(', ')}` : `did you mean ${meant}?`;
        report({ ...entry.at, text: `${entry.key}: no such source; ${help}` });
        return undefined;
      }
    }
  };
}

function complete({ name, dialogues, first, rounds }: Partial<Common>, kind: string, usual: number): Common {
  return { name: name ?? kind, dialogues: dialogues ?? 24, first: first ?? 0, rounds: rounds ?? usual };
}

function chosen({ material, groups }: Partial<Choice>, locate: Locate) {
  return { material: material === undefined ? null : locate(material), groups: groups ?? null };
}
