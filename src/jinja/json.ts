import { isLess, truth } from './comparison.js';
import { fail } from './errors.js';
import { inside } from './limits.js';
import { replaceMatches } from './markup.js';
import { floatRepr, str } from './repr.js';
import { repeated, Str, StrBuilder } from './str.js';
import {
  asInt,
  Dict,
  iterate,
  List,
  requireIndex,
  requireStr,
  Tuple,
  typeName,
  type Value,
} from './values.js';

interface JsonOptions {
  readonly ensuresAscii: boolean;
  /** What each level is indented by; null for one line. */
  readonly indent: Str | null;
  readonly comma: Str;
  readonly colon: Str;
  readonly sortsKeys: boolean;
}

/** Python's `json.dumps(value, …)`, as transformers' filter `tojson` calls it. */
export function toJson(
  value: Value,
  [ensureAscii, indent, separators, sortKeys]: readonly [Value, Value, Value, Value],
): Str {
  const builder = new StrBuilder();
  let width: Str | null = null;
  if (indent instanceof Str) width = indent;
  else if (indent !== null) width = repeated(new Str(' '), requireIndex(indent));
  const [comma, colon] = separators === null ? [null, null] : [...iterate(separators)];
  write(builder, value, 0, {
    ensuresAscii: truth(ensureAscii),
    indent: width,
    comma: comma ? requireStr(comma, 'a separator') : new Str(width === null ? ', ' : ','),
    colon: colon ? requireStr(colon, 'a separator') : new Str(': '),
    sortsKeys: truth(sortKeys),
  });
  return builder.build();
}

function write(builder: StrBuilder, value: Value, depth: number, options: JsonOptions): void {
  if (value === null || typeof value === 'boolean') builder.addText(String(value));
  else if (asInt(value) !== null) builder.add(str(value));
  else if (typeof value === 'number') builder.addText(jsonFloat(value));
  else if (value instanceof Str) writeString(builder, value, options);
  else if (value instanceof List || value instanceof Tuple) {
    const { items } = value;
    writeItems(builder, '[', items, ']', depth, options, (item) => write(builder, item, depth + 1, options));
  } else if (value instanceof Dict && value.source !== null) {
    const whole = new StrBuilder();
    writeDict(whole, value, depth, options);
    const { text } = whole.build();
    builder.add(new Str(text, [{ start: 0, end: text.length, message: value.source }]));
  } else if (value instanceof Dict) writeDict(builder, value, depth, options);
  else fail(`Object of type ${typeName(value)} is not JSON serializable`);
}

function writeDict(builder: StrBuilder, value: Dict, depth: number, options: JsonOptions): void {
  const entries = [...value.entries()];
  if (options.sortsKeys) entries.sort(([a], [b]) => (isLess(a, b) ? -1 : isLess(b, a) ? 1 : 0));
  writeItems(builder, '{', entries, '}', depth, options, ([key, item]) => {
    writeString(builder, keyOf(key), options);
    builder.add(options.colon);
    write(builder, item, depth + 1, options);
  });
}

function writeItems<Item>(
  builder: StrBuilder,
  open: string,
  items: readonly Item[],
  close: string,
  depth: number,
  { indent, comma }: JsonOptions,
  writeItem: (item: Item) => void,
): void {
  builder.addText(open);
  const breakLine = (level: number): void => {
    if (indent !== null && items.length > 0) builder.addText('\n').add(repeated(indent, level));
  };
  for (const [i, item] of items.entries()) {
    if (i > 0) builder.add(comma);
    breakLine(depth + 1);
    inside(() => writeItem(item));
  }
  breakLine(depth);
  builder.addText(close);
}

const SHORT: Readonly<Record<string, string>> = {
  ...{ '"': '\\"', '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t', '\f': '\\f', '\b': '\\b' },
};

function writeString(builder: StrBuilder, text: Str, { ensuresAscii }: JsonOptions): void {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: JSON escapes them
  const pattern = ensuresAscii ? /["\\\0-\x1f\x7f-\uffff]/g : /["\\\0-\x1f]/g;
  const inside = replaceMatches(text.marked(false), pattern, (unit) => {
    if (unit === '\x7f') return unit;
    return SHORT[unit] ?? `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
  builder.addText('"').add(inside).addText('"');
}

function keyOf(key: Value): Str {
  if (key instanceof Str) return key;
  if (key === null || typeof key === 'boolean') return new Str(String(key));
  if (typeof key === 'number') return new Str(jsonFloat(key));
  return asInt(key) !== null
    ? str(key)
    : fail(`keys must be str, int, float, bool or None, not ${typeName(key)}`);
}

function jsonFloat(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  return Number.isFinite(value) ? floatRepr(value) : value > 0 ? 'Infinity' : '-Infinity';
}
