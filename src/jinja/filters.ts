import { attributeOf } from './attributes.js';
import { bind, type Filter, type Parameter, type Test } from './call.js';
import { capitalize, lower, titleWords, upper } from './case.js';
import { isGreater, isLess, truth } from './comparison.js';
import { fail, unsupported } from './errors.js';
import { absolute, round, toFloat, toInt } from './filters-numbers.js';
import {
  batched,
  dictSort,
  first,
  groupBy,
  items,
  last,
  mapped,
  reversed,
  selected,
  sliced,
  sorted,
  sum,
  theBest,
  unique,
} from './filters-sequences.js';
import { indent, joinItems, truncate, urlEncode } from './filters-text.js';
import { toJson } from './json.js';
import { countSteps } from './limits.js';
import { escaped, escapedAgain } from './markup.js';
import { callMethod } from './methods.js';
import { formatPercent } from './percent-format.js';
import { softStr, str } from './repr.js';
import { replace, strip } from './split.js';
import { EMPTY, Str } from './str.js';
import { createTests } from './tests.js';
import {
  type Arguments,
  Dict,
  iterate,
  List,
  lengthOf,
  Obj,
  requireIndex,
  requireStr,
  Tuple,
  typeName,
  Undefined,
  type Value,
} from './values.js';

/** Returns a filter that binds its arguments. */
function filter(
  parameters: readonly Parameter[],
  run: (value: Value, ...args: Value[]) => Value,
  name = 'the filter',
): Filter {
  return (value, args) => run(value, ...bind(name, parameters, args));
}

const ATTRIBUTE: Parameter = ['attribute', null];
const CASE: Parameter = ['case_sensitive', false];

function length(value: Value): Value {
  const size =
    value instanceof Obj && typeName(value) === 'LoopContext' ? value.attribute('length') : lengthOf(value);
  if (size === null || size === undefined) return fail(`object of type '${typeName(value)}' has no len()`);
  return typeof size === 'number' ? BigInt(size) : size;
}

function defaultTo(value: Value, fallback: Value, isForFalse: Value): Value {
  return value instanceof Undefined || (truth(isForFalse) && !truth(value)) ? fallback : value;
}

function format(value: Value, { positional, named }: Arguments): Value {
  if (positional.length > 0 && named.size > 0) fail('format takes positional or named arguments, not both');
  const names = new Dict([...named].map(([name, item]) => [new Str(name), item]));
  return formatPercent(softStr(value), named.size > 0 ? names : new Tuple(positional));
}

const counted = filter([], length);
const defaulted = filter(
  [
    ['default_value', EMPTY],
    ['boolean', false],
  ],
  (value, fallback, isForFalse) => defaultTo(value, fallback!, isForFalse!),
);
const escapeHtml = filter([], (value) => escaped(softStr(value)));

/** Jinja's filters that depend on chance, on Python's own layouts, or on tables that are not in JavaScript. */
const UNSUPPORTED = 'filesizeformat pprint random striptags urlize wordwrap xmlattr'.split(' ');

/** Jinja's tests, by name. */
export const TESTS: ReadonlyMap<string, Test> = createTests((name) => FILTERS.has(name));

/** Jinja's filters, by name, with transformers' `tojson`. */
export const FILTERS: ReadonlyMap<string, Filter> = new Map([
  ...UNSUPPORTED.map((name) => [name, (): Value => unsupported(`the filter "${name}"`)] as const),
  ...Object.entries<Filter>({
    abs: filter([], absolute),
    attr: filter(['name'], (value, name) => {
      if (value instanceof Undefined) return value.fail();
      const attribute = attributeOf(value, requireStr(name!, 'an attribute name').text);
      return attribute === undefined
        ? new Undefined(`there is no attribute '${str(name!).text}'`)
        : attribute;
    }),
    batch: filter(['linecount', ['fill_with', null]], (value, size, fill) => batched(value, size!, fill!)),
    capitalize: filter([], (value) => capitalize(softStr(value))),
    center: filter([['width', 80n]], (value, width) => method(softStr(value), 'center', width!)),
    count: counted,
    d: defaulted,
    default: defaulted,
    dictsort: filter([CASE, ['by', new Str('key')], ['reverse', false]], (value, isCased, by, isReverse) =>
      dictSort(value, truth(isCased!), by!, truth(isReverse!)),
    ),
    e: escapeHtml,
    escape: escapeHtml,
    first: filter([], first),
    float: filter([['default', 0]], (value, fallback) => toFloat(value, fallback!)),
    forceescape: filter([], (value) => escapedAgain(str(value))),
    format,
    groupby: filter(['attribute', ['default', null], CASE], (value, attribute, fallback, isCased) =>
      groupBy(value, attribute!, fallback!, truth(isCased!)),
    ),
    indent: filter(
      [
        ['width', 4n],
        ['first', false],
        ['blank', false],
      ],
      (value, width, isFirst, isBlank) => indent(value, width!, truth(isFirst!), truth(isBlank!)),
    ),
    int: filter(
      [
        ['default', 0n],
        ['base', 10n],
      ],
      (value, fallback, base) => toInt(value, fallback!, requireIndex(base!)),
    ),
    items: filter([], items),
    join: filter([['d', EMPTY], ATTRIBUTE], (value, separator, attribute) =>
      joinItems(value, separator!, attribute!),
    ),
    last: filter([], last),
    length: counted,
    list: filter([], (value) => new List([...iterate(value)])),
    lower: filter([], (value) => lower(softStr(value))),
    map: (value, args) => mapped(value, args, FILTERS),
    max: filter([CASE, ATTRIBUTE], (value, isCased, attribute) =>
      theBest(value, isGreater, truth(isCased!), attribute!),
    ),
    min: filter([CASE, ATTRIBUTE], (value, isCased, attribute) =>
      theBest(value, isLess, truth(isCased!), attribute!),
    ),
    reject: (value, args) => selected(value, args, TESTS, { byAttribute: false, keeps: false }),
    rejectattr: (value, args) => selected(value, args, TESTS, { byAttribute: true, keeps: false }),
    replace: filter(['old', 'new', ['count', null]], (value, old, written, count) =>
      replace(str(value), str(old!), str(written!), count === null ? -1 : requireIndex(count!)),
    ),
    reverse: filter([], reversed),
    round: filter(
      [
        ['precision', 0n],
        ['method', new Str('common')],
      ],
      (value, precision, how) => round(value, precision!, how!),
    ),
    safe: filter([], (value) => str(value).marked(true)),
    select: (value, args) => selected(value, args, TESTS, { byAttribute: false, keeps: true }),
    selectattr: (value, args) => selected(value, args, TESTS, { byAttribute: true, keeps: true }),
    slice: filter(['slices', ['fill_with', null]], (value, count, fill) => sliced(value, count!, fill!)),
    sort: filter([['reverse', false], CASE, ATTRIBUTE], (value, isReverse, isCased, attribute) =>
      sorted(value, truth(isReverse!), truth(isCased!), attribute!),
    ),
    string: filter([], softStr),
    sum: filter([ATTRIBUTE, ['start', 0n]], (value, attribute, start) => sum(value, attribute!, start!)),
    title: filter([], (value) => titleWords(softStr(value))),
    tojson: filter(
      [
        ['ensure_ascii', false],
        ['indent', null],
        ['separators', null],
        ['sort_keys', false],
      ],
      (value, ascii, width, separators, sorts) => toJson(value, [ascii!, width!, separators!, sorts!]),
    ),
    trim: filter([['chars', null]], (value, characters) => {
      const set = characters === null ? null : requireStr(characters!, 'the characters to trim');
      return strip(softStr(value), set, 'both');
    }),
    truncate: filter(
      [
        ['length', 255n],
        ['killwords', false],
        ['end', new Str('...')],
        ['leeway', null],
      ],
      (value, size, kills, end, leeway) => {
        const limits = { length: requireIndex(size!), leeway: leeway === null ? 5 : requireIndex(leeway!) };
        return truncate(value, limits, truth(kills!), requireStr(end!, 'the end'));
      },
    ),
    unique: filter([CASE, ATTRIBUTE], (value, isCased, attribute) =>
      unique(value, truth(isCased!), attribute!),
    ),
    upper: filter([], (value) => upper(softStr(value))),
    urlencode: filter([], urlEncode),
    wordcount: filter([], (value) => countWords(softStr(value))),
  }),
]);

function countWords({ text }: Str): bigint {
  let words = 0;
  for (const _ of text.matchAll(/[\p{L}\p{N}_]+/gu)) {
    countSteps(1);
    words++;
  }
  return BigInt(words);
}

function method(text: Str, name: string, ...args: Value[]): Value {
  const run = { context: new Map(), line: 0, depth: 0 };
  return callMethod(text, name, () => ({ positional: args, named: new Map() }), run);
}
