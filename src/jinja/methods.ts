import { bind, type Parameter } from './call.js';
import { capitalize, lower, swapCase, title, upper } from './case.js';
import { truth } from './comparison.js';
import { fail, unsupported } from './errors.js';
import { type Frame, fn } from './frame.js';
import { boundedLength, countCharacters } from './limits.js';
import { escaped } from './markup.js';
import { count, find, isPredicate, startsOrEndsWith } from './search.js';
import { partition, replace, split, splitLines, strip } from './split.js';
import { EMPTY, joined, repeated, Str, StrBuilder } from './str.js';
import { formatMap, formatStr } from './str-format.js';
import {
  type Arguments,
  iterate,
  List,
  requireIndex,
  requireStr,
  Tuple,
  typeName,
  Undefined,
  type Value,
} from './values.js';

interface Method {
  readonly parameters: readonly Parameter[];
  /** Whether the arguments can be given by name. */
  readonly takesNames?: boolean;
  run(text: Str, args: readonly Value[]): Value;
}

const SPACE = new Str(' ');
const without = (run: (text: Str) => Value): Method => ({ parameters: [], run });
const CHARACTERS: readonly Parameter[] = [['chars', null]];
const RANGE: readonly Parameter[] = [
  ['start', null],
  ['end', null],
];
const SEPARATOR: readonly Parameter[] = [
  ['sep', null],
  ['maxsplit', -1n],
];

const optionalStr = (value: Value, what: string): Str | null =>
  value === null ? null : requireStr(value, what);

/** The methods of Python's `str`. */
const METHODS: ReadonlyMap<string, Method> = new Map(
  Object.entries<Method>({
    capitalize: without(capitalize),
    lower: without(lower),
    swapcase: without(swapCase),
    title: without(title),
    upper: without(upper),
    strip: {
      parameters: CHARACTERS,
      run: (text, [chars]) => strip(text, optionalStr(chars!, 'strip argument'), 'both'),
    },
    lstrip: {
      parameters: CHARACTERS,
      run: (text, [chars]) => strip(text, optionalStr(chars!, 'strip argument'), 'left'),
    },
    rstrip: {
      parameters: CHARACTERS,
      run: (text, [chars]) => strip(text, optionalStr(chars!, 'strip argument'), 'right'),
    },
    split: {
      parameters: SEPARATOR,
      takesNames: true,
      run: (text, [sep, max]) =>
        new List(split(text, optionalStr(sep!, 'separator'), requireIndex(max!), 'left')),
    },
    rsplit: {
      parameters: SEPARATOR,
      takesNames: true,
      run: (text, [sep, max]) =>
        new List(split(text, optionalStr(sep!, 'separator'), requireIndex(max!), 'right')),
    },
    splitlines: {
      parameters: [['keepends', false]],
      takesNames: true,
      run: (text, [keepEnds]) => new List(splitLines(text, truth(keepEnds!))),
    },
    partition: {
      parameters: ['sep'],
      run: (text, [sep]) => new Tuple(partition(text, requireStr(sep!, 'separator'), 'left')),
    },
    rpartition: {
      parameters: ['sep'],
      run: (text, [sep]) => new Tuple(partition(text, requireStr(sep!, 'separator'), 'right')),
    },
    replace: {
      parameters: ['old', 'new', ['count', -1n]],
      run: (text, [old, written, times]) => {
        const replacement = requireStr(written!, 'replacement');
        const to = text.isMarkup ? escaped(replacement) : replacement;
        return replace(text, requireStr(old!, 'replaced text'), to, requireIndex(times!));
      },
    },
    join: { parameters: ['iterable'], run: (text, [items]) => join(text, items!) },
    removeprefix: {
      parameters: ['prefix'],
      run(text, [prefix]) {
        const { text: start } = requireStr(prefix!, 'prefix');
        return text.text.startsWith(start) ? text.slice(start.length) : text;
      },
    },
    removesuffix: {
      parameters: ['suffix'],
      run(text, [suffix]) {
        const { text: end } = requireStr(suffix!, 'suffix');
        return end !== '' && text.text.endsWith(end) ? text.slice(0, text.text.length - end.length) : text;
      },
    },
    startswith: {
      parameters: ['prefix', ...RANGE],
      run: (text, args) => startsOrEndsWith(text, 'start', args),
    },
    endswith: { parameters: ['suffix', ...RANGE], run: (text, args) => startsOrEndsWith(text, 'end', args) },
    count: { parameters: ['sub', ...RANGE], run: (text, args) => BigInt(count(text, args)) },
    find: { parameters: ['sub', ...RANGE], run: (text, args) => BigInt(find(text, 'first', args)) },
    rfind: { parameters: ['sub', ...RANGE], run: (text, args) => BigInt(find(text, 'last', args)) },
    index: { parameters: ['sub', ...RANGE], run: (text, args) => required(find(text, 'first', args)) },
    rindex: { parameters: ['sub', ...RANGE], run: (text, args) => required(find(text, 'last', args)) },
    center: {
      parameters: ['width', ['fillchar', SPACE]],
      run(text, [width, fill]) {
        const missing = requireIndex(width!) - text.length;
        return padded(text, (missing >> 1) + (missing & requireIndex(width!) & 1), missing, fill!);
      },
    },
    ljust: {
      parameters: ['width', ['fillchar', SPACE]],
      run: (text, [width, fill]) => padded(text, 0, requireIndex(width!) - text.length, fill!),
    },
    rjust: {
      parameters: ['width', ['fillchar', SPACE]],
      run: (text, [width, fill]) =>
        padded(text, requireIndex(width!) - text.length, requireIndex(width!) - text.length, fill!),
    },
    zfill: {
      parameters: ['width'],
      run(text, [width]) {
        const zeros = Math.max(0, requireIndex(width!) - text.length);
        const sign = /^[+-]/.test(text.text) ? 1 : 0;
        const builder = new StrBuilder().addPart(text, 0, sign).addText('0'.repeat(boundedLength(zeros)));
        return builder.addPart(text, sign, text.text.length).build(text.isMarkup);
      },
    },
    expandtabs: {
      parameters: [['tabsize', 8n]],
      takesNames: true,
      run: (text, [size]) => expandTabs(text, requireIndex(size!)),
    },
  }),
);

const PREDICATES: ReadonlySet<string> = new Set([
  ...['isalnum', 'isalpha', 'isascii', 'isdecimal', 'isdigit', 'isidentifier', 'islower', 'isnumeric'],
  ...['isprintable', 'isspace', 'istitle', 'isupper'],
]);
const UNSUPPORTED: ReadonlySet<string> = new Set(['casefold', 'encode', 'maketrans', 'translate']);

/** Returns a method of a string; undefined if `str` has none of this name. */
export function methodOf(text: Str, name: string): Value | undefined {
  return isMethod(text, name) ? fn(name, (args) => runMethod(text, name, args)) : undefined;
}

/** Calls a method of a string. */
export function callMethod(text: Str, name: string, args: () => Arguments, run: Frame['run']): Value {
  const { line } = run;
  if (!isMethod(text, name))
    return new Undefined(`'${typeName(text)} object' has no attribute '${name}'`).fail();
  const given = args();
  run.line = line;
  return runMethod(text, name, given);
}

function isMethod(text: Str, name: string): boolean {
  if (METHODS.has(name) || PREDICATES.has(name) || name === 'format' || name === 'format_map') return true;
  if (UNSUPPORTED.has(name)) return unsupported(`the method "${name}" of a string`);
  if (text.isMarkup && /^(un)?escape$|^striptags$/.test(name))
    return unsupported(`the method "${name}" of Markup`);
  return false;
}

function runMethod(text: Str, name: string, args: Arguments): Value {
  countCharacters(text.text.length);
  const method = METHODS.get(name);
  if (method !== undefined) {
    const result = method.run(text, bind(name, method.parameters, args, method.takesNames !== true));
    return text.isMarkup ? asMarkup(result) : result;
  }
  if (PREDICATES.has(name)) {
    bind(name, [], args);
    return isPredicate(text, name);
  }
  if (text.isMarkup) return unsupported('formatting a string that is marked as safe');
  if (name === 'format') return formatStr(text, args);
  return formatMap(text, bind(name, ['mapping'], args, true)[0]!);
}

/** The methods of `Markup` return `Markup`. */
function asMarkup(value: Value): Value {
  if (value instanceof Str) return value.marked(true);
  if (value instanceof List) return new List(value.items.map(asMarkup));
  return value instanceof Tuple ? new Tuple(value.items.map(asMarkup)) : value;
}

/** Python's `separator.join(items)`. */
function join(separator: Str, items: Value): Str {
  const parts = Array.from(iterate(items), (item, i) => {
    if (!(item instanceof Str))
      return fail(`sequence item ${i}: expected str instance, ${typeName(item)} found`);
    return separator.isMarkup ? escaped(item) : item;
  });
  return joined(parts, separator).build(separator.isMarkup);
}

/** Adds `missing` characters, `before` of them in front. */
function padded(text: Str, before: number, missing: number, fill: Value): Str {
  const character = requireStr(fill, 'the fill character');
  if (character.length !== 1) fail('the fill character must be exactly one character long');
  if (missing <= 0) return text;
  const filler = text.isMarkup ? escaped(character) : character;
  if (filler.length !== 1) fail('the fill character must be exactly one character long');
  return joined([repeated(filler, before), text, repeated(filler, missing - before)]).build(text.isMarkup);
}

const required = (position: number): bigint =>
  position < 0 ? fail('substring not found') : BigInt(position);

function expandTabs(text: Str, size: number): Str {
  const builder = new StrBuilder();
  let column = 0;
  for (const character of text.characters()) {
    if (character.text === '\t') {
      const blanks = size > 0 ? size - (column % size) : 0;
      builder.addInstead(blanks === 0 ? EMPTY : repeated(SPACE, blanks), character, 0, 1);
      column += blanks;
    } else {
      builder.add(character);
      column = /[\n\r]/.test(character.text) ? 0 : column + 1;
    }
  }
  return builder.build(text.isMarkup);
}
