import { HoldfastError } from '../../errors.js';
import { nearest } from '../../nearest.js';
import { canonicalJson } from './canonical-json.js';
import type { Place, Problem, Tree } from './yaml-tree.js';

/**
 * Reads one value. Reports a value that it cannot read and returns undefined, so that reading continues and one run
 * finds all problems.
 */
export type Reader<T> = (tree: Tree, report: Report) => T | undefined;

/** Called with each problem. */
export type Report = (problem: Problem) => void;

/** A value with its tree, for checks that involve several values. */
export interface Placed<T> {
  readonly value: T;
  readonly tree: Tree;
}

/** Reports a problem of a value, under the name of its key. */
export function complain(
  { name, at }: { readonly name: string; readonly at: Place },
  report: Report,
  text: string,
): void {
  report({ ...at, text: name === '' ? text : `${name}: ${text}` });
}

function expected(what: string, tree: Tree, report: Report): undefined {
  complain(tree, report, `expected ${what}, not ${describe(tree)}`);
}

function describe(tree: Tree): string {
  if (tree.kind === 'list') return tree.items.length === 0 ? 'an empty list' : 'a list';
  if (tree.kind === 'map') return 'a mapping';
  if (tree.value === null) return 'an empty value';
  return typeof tree.value === 'string' ? JSON.stringify(shortened(tree.value)) : String(tree.value);
}

function shortened(text: string): string {
  return text.length <= 60 ? text : `${text.slice(0, 60)}…`;
}

/** Reads text that is not blank, and joins it into one line. */
export const text: Reader<string> = (tree, report) => {
  if (tree.kind !== 'scalar' || typeof tree.value !== 'string') return expected('text', tree, report);
  const value = tree.value.trim().replace(/\s+/g, ' ');
  return value === '' ? expected('text', tree, report) : value;
};

/** Reads text that is not blank, with its line breaks. */
export const longText: Reader<string> = (tree, report) =>
  tree.kind === 'scalar' && typeof tree.value === 'string' && tree.value.trim() !== ''
    ? tree.value.trim()
    : expected('text', tree, report);

/** Reads `true`, the only value of a key that can be left out. */
export const onlyTrue =
  (otherwise: string): Reader<true> =>
  (tree, report) => {
    if (tree.kind === 'scalar' && tree.value === true) return true;
    complain(tree, report, `expected true; leave the key out ${otherwise}`);
    return undefined;
  };

interface Range {
  readonly from: number;
  readonly to: number;
  readonly whole?: boolean;
}

/** Reads a number in a range, both ends included. */
export function number({ from, to, whole = false }: Range): Reader<number> {
  const what = `${whole ? 'a whole number' : 'a number'} from ${from} to ${to}`;
  return (tree, report) => {
    if (tree.kind !== 'scalar' || typeof tree.value !== 'number') return expected(what, tree, report);
    const fits = tree.value >= from && tree.value <= to && (!whole || Number.isInteger(tree.value));
    return fits ? tree.value : expected(what, tree, report);
  };
}

/** Reads any finite number, whose range depends on other values. */
export const anyNumber: Reader<number> = (tree, report) =>
  tree.kind === 'scalar' && typeof tree.value === 'number' && Number.isFinite(tree.value)
    ? tree.value
    : expected('a number', tree, report);

/** Reads one of the known words. */
export function oneOf<T extends string>(known: readonly T[]): Reader<T> {
  return (tree, report) => {
    const found = tree.kind === 'scalar' ? known.find((name) => name === tree.value) : undefined;
    return found ?? expected(`one of ${known.join(', ')}`, tree, report);
  };
}

/** Reads text with `parse`, which throws a {@link HoldfastError} for invalid text. */
export function parsed<T>(parse: (text: string) => T): Reader<T> {
  return (tree, report) => {
    const value = text(tree, report);
    return value === undefined ? undefined : attempt(tree, report, () => parse(value));
  };
}

/** Runs a check of another room, and reports the {@link HoldfastError} that it throws. */
export function attempt<T>(tree: Tree, report: Report, check: () => T): T | undefined {
  try {
    return check();
  } catch (error) {
    complain(tree, report, wordsOf(error));
    return undefined;
  }
}

/**
 * Returns the message of another room's error, without its code and field.
 * @throws the error itself when it is not a {@link HoldfastError}
 */
export function wordsOf(error: unknown): string {
  if (!(error instanceof HoldfastError)) throw error;
  return error.message.slice(error.code.length + 2).replace(` (field ${error.field})`, '');
}

/** Reads a list with at least one item. Returns undefined when any item cannot be read. */
export function listOf<T>(item: Reader<T>): Reader<readonly T[]> {
  return (tree, report) => {
    if (tree.kind !== 'list' || tree.items.length === 0)
      return expected('a list with at least one item', tree, report);
    const items = tree.items.map((each) => item(each, report));
    return items.some((each) => each === undefined) ? undefined : items.filter((each) => each !== undefined);
  };
}

/** Reads a list, or a single value as a list of one. */
export function oneOrMore<T>(item: Reader<T>): Reader<readonly T[]> {
  return (tree, report) => {
    if (tree.kind === 'list') return listOf(item)(tree, report);
    const value = item(tree, report);
    return value === undefined ? undefined : [value];
  };
}

/** Reads a list without duplicates. */
export function distinct<T>(list: Reader<readonly T[]>): Reader<readonly T[]> {
  return (tree, report) => {
    const values = list(tree, report);
    const again = values?.find((value, index) => values.indexOf(value) < index);
    if (again === undefined) return values;
    complain(tree, report, `${String(again)} is listed twice`);
    return undefined;
  };
}

/** Reads a list of named things, or a single one. Two of the same name or the same content are an error. */
export function namedList<T extends { readonly name: string }>(
  item: Reader<T>,
  kind: string,
): Reader<readonly Placed<T>[]> {
  return (tree, report) => {
    const things = oneOrMore(placed(item))(tree, report);
    if (things !== undefined) refuseTwins(things, kind, report);
    return things;
  };
}

/** Reads a value together with its tree. */
export function placed<T>(reader: Reader<T>): Reader<Placed<T>> {
  return (tree, report) => {
    const value = reader(tree, report);
    return value === undefined ? undefined : { value, tree };
  };
}

/** A reader for every key that a mapping may have. */
export type Readers<T> = { readonly [Key in keyof T]: Reader<T[Key]> };

/**
 * Reads a mapping. Returns the fields that are present and readable.
 * @param required keys that must be present
 * @param alsoKnown further keys to suggest when a key is misspelt
 */
export function readFields<T>(
  tree: Tree,
  readers: Readers<T>,
  report: Report,
  required: readonly (keyof T & string)[] = [],
  alsoKnown: readonly string[] = [],
): Partial<T> | undefined {
  if (tree.kind !== 'map') return expected(`a mapping with ${Object.keys(readers).join(', ')}`, tree, report);
  const fields: Partial<T> = {};
  const isKnown = (key: string): key is keyof T & string => Object.hasOwn(readers, key);
  const known = [...Object.keys(readers), ...alsoKnown];
  const meant = new Set<string | null>();
  for (const { key, at, value } of tree.entries) {
    if (isKnown(key)) {
      const read = readers[key](value, report);
      if (read !== undefined) fields[key] = read;
      continue;
    }
    const near = nearest(key, known);
    const help = near === null ? `known: ${known.join(', ')}` : `did you mean ${near}?`;
    complain({ name: key, at }, report, `unknown key; ${help}`);
    meant.add(near);
  }
  for (const key of required) {
    if (!hasKey(tree, key) && !meant.has(key)) complain(tree, report, `${key} is missing`);
  }
  return fields;
}

/** Returns whether a tree is a mapping with this key. */
export function hasKey(tree: Tree, key: string): boolean {
  return tree.kind === 'map' && tree.entries.some((entry) => entry.key === key);
}

/** Reports things with the same name, or with the same content under two names. */
export function refuseTwins(
  things: readonly Placed<{ readonly name: string }>[],
  kind: string,
  report: Report,
): void {
  const names = new Set<string>();
  const contents = new Map<string, string>();
  for (const { value, tree } of things) {
    const { name } = value;
    const content = canonicalJson({ ...value, name: '' });
    const twin = contents.get(content);
    if (twin === name) report({ ...tree.at, text: `the ${kind} "${name}" is listed twice` });
    else if (twin !== undefined) {
      report({ ...tree.at, text: `the ${kind} "${name}" is the same as "${twin}"` });
    } else if (names.has(name)) {
      report({ ...tree.at, text: `two ${kind}s are named "${name}": rename one` });
    }
    names.add(name);
    contents.set(content, name);
  }
}
