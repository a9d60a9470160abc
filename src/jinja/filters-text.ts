import { add } from './arithmetic.js';
import { getterOf } from './attributes.js';
import { fail, TemplateError } from './errors.js';
import { replaceMatches } from './markup.js';
import { str } from './repr.js';
import { split, splitLines } from './split.js';
import { joined, repeated, Str, StrBuilder } from './str.js';
import {
  Dict,
  DictView,
  isIterable,
  iterate,
  lengthOf,
  requireIndex,
  typeName,
  type Value,
} from './values.js';

/** The filter `join`. */
export function joinItems(value: Value, separator: Value, attribute: Value): Value {
  const read = getterOf(attribute);
  return joined(
    Array.from(iterate(value), (item) => str(read(item))),
    str(separator),
  ).build();
}

const NEWLINE = new Str('\n');
const BLANK = new Str(' ');

/** The filter `indent`: indents all lines but the first. */
export function indent(value: Value, width: Value, isFirst: boolean, isBlank: boolean): Value {
  const text = add(value, NEWLINE);
  if (!(text instanceof Str)) return fail('only a string can be indented');
  const indention = width instanceof Str ? width : repeated(BLANK, requireIndex(width));
  const builder = new StrBuilder();
  if (isFirst) builder.add(indention);
  const lines = splitLines(text, true);
  for (const [i, whole] of lines.entries()) {
    const line = splitLines(whole, false)[0]!;
    if (i > 0 && (isBlank || line.text !== '')) builder.add(indention);
    builder.add(line);
    if (i < lines.length - 1) builder.addInstead(NEWLINE, whole, line.text.length, whole.text.length);
  }
  return builder.build(text.isMarkup);
}

/** The filter `truncate`. */
export function truncate(
  value: Value,
  { length, leeway }: { readonly length: number; readonly leeway: number },
  killsWords: boolean,
  end: Str,
): Value {
  if (length < end.length) fail(`expected length >= ${end.length}, got ${length}`);
  if (leeway < 0) fail(`expected leeway >= 0, got ${leeway}`);
  const size = lengthOf(value) ?? fail(`object of type '${typeName(value)}' has no len()`);
  if (size <= length + leeway) return value;
  if (!(value instanceof Str)) return fail(`a ${typeName(value)} cannot be truncated`);
  const cut = value.slice(0, value.unitOf(length - end.length));
  return add(killsWords ? cut : split(cut, BLANK, 1, 'right')[0]!, end);
}

/** The filter `urlencode`. */
export function urlEncode(value: Value): Value {
  if (value instanceof Str || !isIterable(value)) return quoted(str(value), /[^A-Za-z0-9_.~/-]/gu);
  const pairs = value instanceof Dict ? new DictView(value, 'items').items() : iterate(value);
  const forQuery = (part: Value): Str =>
    replaceMatches(quoted(str(part), /[^A-Za-z0-9_.~-]/gu), /%20/g, () => '+');
  const parts = Array.from(pairs, (pair) => {
    const [key, item, ...rest] = iterate(pair);
    if (key === undefined || item === undefined || rest.length > 0)
      throw new TemplateError('python', 'urlencode takes pairs');
    return joined([forQuery(key), forQuery(item)], new Str('=')).build();
  });
  return joined(parts, new Str('&')).build();
}

function quoted(text: Str, unsafe: RegExp): Str {
  return replaceMatches(text.marked(false), unsafe, (character) => {
    const bytes = new TextEncoder().encode(character);
    return Array.from(bytes, (byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
  });
}
