import { fail, unsupported } from './errors.js';
import { countInts, countSteps, inside, MAX_DIGITS } from './limits.js';
import { replaceMatches } from './markup.js';
import { EMPTY, joined, Str, StrBuilder } from './str.js';
import { Dict, DictView, Lazy, List, type Obj, Range, Tuple, Undefined, type Value } from './values.js';

/** Python's `str(value)`; the text that a template prints. The result is never `Markup`. */
export function str(value: Value): Str {
  if (value instanceof Str) return value.marked(false);
  if (value instanceof Undefined) return EMPTY;
  return repr(value);
}

/** Like {@link str}, but keeps `Markup`. */
export function softStr(value: Value): Str {
  return value instanceof Str ? value : str(value);
}

/** The text of one value takes as long as about this many other steps. */
const STEPS_OF_A_REPR = 8;

/** Python's `repr(value)`. */
export function repr(value: Value): Str {
  countSteps(STEPS_OF_A_REPR);
  if (value === null) return new Str('None');
  if (typeof value === 'boolean') return new Str(value ? 'True' : 'False');
  if (typeof value === 'bigint') return new Str(intRepr(value));
  if (typeof value === 'number') return new Str(floatRepr(value));
  if (value instanceof Str) return stringRepr(value);
  if (value instanceof List) return listed('[', value.items, ']');
  if (value instanceof Tuple) return listed('(', value.items, value.items.length === 1 ? ',)' : ')');
  if (value instanceof DictView) return listed(`dict_${value.kind}([`, value.items(), '])');
  if (value instanceof Dict) {
    const entries = inside(() =>
      Array.from(value.entries(), ([key, item]) => joined([repr(key), repr(item)], COLON).build()),
    );
    return new StrBuilder().addText('{').add(joined(entries, COMMA).build()).addText('}').build();
  }
  if (value instanceof Range) {
    const { start, stop, step } = value;
    return new Str(`range(${(step === 1n ? [start, stop] : [start, stop, step]).map(intRepr).join(', ')})`);
  }
  if (value instanceof Undefined) return new Str('Undefined');
  if (value instanceof Lazy) return unsupported(`printing a ${value.typeName}`);
  return (value satisfies Obj).repr();
}

const COMMA = new Str(', ');
const COLON = new Str(': ');

function listed(open: string, items: Iterable<Value>, close: string): Str {
  const parts = inside(() => Array.from(items, repr));
  return new StrBuilder().addText(open).add(joined(parts, COMMA).build()).addText(close).build();
}

function intRepr(value: bigint): string {
  countInts(value);
  const digits = value.toString();
  return digits.length > MAX_DIGITS + 1 ? fail('the integer has too many digits to print') : digits;
}

/** Python's `repr` of a float: the shortest digits that give the float, as JavaScript, but another notation. */
export function floatRepr(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (Object.is(value, -0)) return '-0.0';
  const magnitude = Math.abs(value);
  if (value !== 0 && (magnitude < 1e-4 || magnitude >= 1e16)) {
    return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
  }
  const text = String(value);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

const NOT_PRINTABLE = /(?! )[\p{C}\p{Z}]/u;
const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\\': '\\\\',
};

function stringRepr(value: Str): Str {
  const quote = value.text.includes("'") && !value.text.includes('"') ? '"' : "'";
  const inside = replaceMatches(value.marked(false), /(?! )[\p{C}\p{Z}\\']/gu, (character) => {
    if (character === "'") return quote === "'" ? "\\'" : "'";
    return SHORT_ESCAPES[character] ?? (NOT_PRINTABLE.test(character) ? escapeOf(character) : character);
  });
  const builder = new StrBuilder().addText(value.isMarkup ? `Markup(${quote}` : quote);
  return builder
    .add(inside)
    .addText(value.isMarkup ? `${quote})` : quote)
    .build();
}

function escapeOf(character: string): string {
  const code = character.codePointAt(0)!;
  if (code < 0x100) return `\\x${code.toString(16).padStart(2, '0')}`;
  if (code < 0x10000) return `\\u${code.toString(16).padStart(4, '0')}`;
  return `\\U${code.toString(16).padStart(8, '0')}`;
}
