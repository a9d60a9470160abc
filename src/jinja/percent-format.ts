import { fail, unsupported } from './errors.js';
import { boundedLength } from './limits.js';
import { type NumberFormat, type WrittenNumber, writeFloat, writeInt } from './number-format.js';
import { repr, str } from './repr.js';
import { Str, StrBuilder } from './str.js';
import {
  asInt,
  Dict,
  DictView,
  List,
  Range,
  requireIndex,
  Tuple,
  toNearestFloat,
  typeName,
  Undefined,
  type Value,
} from './values.js';

const PLACE = /%(?:\(([^()]*)\))?([#0\- +]*)(\*|\d+)?(?:\.(\*|\d*))?[hlL]?(.|$)/gsu;

/** Python's `format % values`. */
export function formatPercent(format: Str, values: Value): Str {
  if (format.isMarkup) return unsupported('formatting a string that is marked as safe');
  const given = values instanceof Tuple ? values.items : [values];
  let used = 0;
  const next = (): Value =>
    used < given.length ? given[used++]! : fail('not enough arguments for format string');
  const builder = new StrBuilder();
  let at = 0;
  for (const match of format.text.matchAll(PLACE)) {
    const [whole, key, flags, widthText, precisionText, type] = match;
    builder.addPart(format, at, match.index);
    at = match.index + whole.length;
    const starred = (text: string): number => (text === '*' ? requireIndex(next()) : Number(text));
    const width = widthText === undefined ? 0 : starred(widthText);
    const precision = precisionText === undefined ? null : Math.max(0, starred(precisionText));
    if (type === '%') {
      builder.addText('%');
      continue;
    }
    if (type === '') return fail('incomplete format');
    let value: Value;
    if (key === undefined) value = next();
    else {
      if (!(values instanceof Dict)) return fail('format requires a mapping');
      const item = values.get(new Str(key));
      if (item === undefined) return fail(`the mapping of the format has no key '${key}'`);
      value = item;
      used = given.length;
    }
    const isLeft = flags!.includes('-') || width < 0;
    builder.add(
      padded(
        written(value, type!, flags!, precision),
        Math.abs(width),
        isLeft,
        flags!.includes('0') && !isLeft,
      ),
    );
  }
  const isMapping = [Dict, List, DictView, Range, Undefined].some((type) => values instanceof type);
  if (used < given.length && !(isMapping && !(values instanceof DictView))) {
    return fail('not all arguments converted during string formatting');
  }
  return builder.addPart(format, at, format.text.length).build();
}

function written(value: Value, type: string, flags: string, precision: number | null): Str | WrittenNumber {
  if (type === 's' || type === 'r') {
    const text = type === 's' ? str(value) : repr(value);
    return precision === null ? text : text.slice(0, text.unitOf(precision));
  }
  if (type === 'c') return characterOf(value);
  const format = (kind: string): NumberFormat => ({
    ...{ type: kind, precision, grouping: '', isAlternate: flags.includes('#') },
    sign: flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '',
  });
  if (value instanceof Undefined) return value.fail();
  const int = asInt(value);
  if ('diu'.includes(type)) {
    if (typeof value === 'number') {
      return Number.isFinite(value)
        ? writeInt(BigInt(Math.trunc(value)), format('d'))
        : fail('cannot convert float to integer');
    }
    return writeInt(
      int ?? fail(`%${type} format: a real number is required, not ${typeName(value)}`),
      format('d'),
    );
  }
  if ('oxX'.includes(type)) {
    return writeInt(
      int ?? fail(`%${type} format: an integer is required, not ${typeName(value)}`),
      format(type),
    );
  }
  if ('eEfFgG'.includes(type)) {
    const number = typeof value === 'number' ? value : int;
    return writeFloat(
      toNearestFloat(number ?? fail(`must be real number, not ${typeName(value)}`)),
      format(type),
    );
  }
  return type === 'a' ? unsupported('the format %a') : fail(`unsupported format character '${type}'`);
}

function characterOf(value: Value): Str {
  if (value instanceof Str) return value.length === 1 ? value : fail('%c requires int or char');
  const code = Number(asInt(value) ?? fail('%c requires int or char'));
  return code >= 0 && code <= 0x10ffff
    ? new Str(String.fromCodePoint(code))
    : fail('%c arg not in range(0x110000)');
}

function padded(text: Str | WrittenNumber, width: number, isLeft: boolean, withZeros: boolean): Str {
  boundedLength(width);
  if (text instanceof Str) {
    const blanks = ' '.repeat(Math.max(0, width - text.length));
    const builder = new StrBuilder();
    return (isLeft ? builder.add(text).addText(blanks) : builder.addText(blanks).add(text)).build();
  }
  const { sign, prefix, digits } = text;
  const missing = Math.max(0, width - sign.length - prefix.length - digits.length);
  const isNumber = !/^[in]/i.test(digits);
  if (withZeros && isNumber) return new Str(sign + prefix + '0'.repeat(missing) + digits);
  const number = sign + prefix + digits;
  return new Str(isLeft ? number + ' '.repeat(missing) : ' '.repeat(missing) + number);
}
