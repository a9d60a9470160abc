import { fail, unsupported } from './errors.js';
import { boundedLength } from './limits.js';
import { writeFloat, writeInt } from './number-format.js';
import { repr, str } from './repr.js';
import { Str, StrBuilder } from './str.js';
import { type Arguments, asInt, Dict, typeName, Undefined, type Value } from './values.js';

/** Python's `text.format_map(mapping)`. */
export function formatMap(text: Str, mapping: Value): Str {
  if (!(mapping instanceof Dict)) return unsupported(`format_map of a ${typeName(mapping)}`);
  const named = new Map<string, Value>();
  for (const [key, value] of mapping.entries()) if (key instanceof Str) named.set(key.text, value);
  return formatStr(text, { positional: [], named });
}

/** Python's `text.format(…)`. */
export function formatStr(text: Str, args: Arguments): Str {
  const builder = new StrBuilder();
  const { text: format } = text;
  let automatic = 0;
  let numbering: 'automatic' | 'manual' | null = null;
  const valueNamed = (name: string): Value => {
    const kind = name === '' ? 'automatic' : /^\d+$/.test(name) ? 'manual' : null;
    if (kind !== null && numbering !== null && kind !== numbering) {
      fail('cannot switch from manual field specification to automatic field numbering');
    }
    numbering = kind ?? numbering;
    if (kind === null) return args.named.get(name) ?? missing(args, name);
    const index = kind === 'automatic' ? automatic++ : Number(name);
    const value = args.positional[index];
    return value === undefined ? fail(`there is no argument ${index} to format`) : value;
  };
  for (let at = 0; at < format.length; ) {
    const character = format[at]!;
    if (character !== '{' && character !== '}') {
      builder.addPart(text, at, at + 1);
      at++;
    } else if (format[at + 1] === character) {
      builder.addPart(text, at, at + 1);
      at += 2;
    } else if (character === '}') fail("Single '}' encountered in format string");
    else {
      const end = format.indexOf('}', at);
      if (end < 0) fail("expected '}' before end of string");
      const field = format.slice(at + 1, end);
      if (field.includes('{')) unsupported('a field in a field of format');
      builder.add(formatField(field, valueNamed));
      at = end + 1;
    }
  }
  return builder.build();
}

/** None is a value too. */
function missing({ named }: Arguments, name: string): Value {
  return named.has(name) ? null : fail(`there is no argument '${name}' to format`);
}

function formatField(field: string, valueNamed: (name: string) => Value): Str {
  const match = /^([^!:.[\]]*)((?:\.[^!:.[\]]+|\[[^\]]+\])*)(?:!([^:]*))?(?::(.*))?$/su.exec(field);
  if (match === null) return fail(`a field of format cannot be read: {${field}}`);
  const [, name, path, conversion, spec = ''] = match;
  let value = valueNamed(name!);
  if (path !== '') unsupported('an attribute or item in a field of format');
  if (conversion === 'r') value = repr(value);
  else if (conversion === 's') value = str(value);
  else if (conversion !== undefined) unsupported(`the conversion !${conversion}`);
  return formatValue(value, spec);
}

const SPEC = /^(?:(.)?([<>=^]))?([+\- ])?(z)?(#)?(0)?(\d+)?([,_])?(?:\.(\d+))?([a-zA-Z%])?$/su;

/** Python's `format(value, spec)`. */
function formatValue(value: Value, spec: string): Str {
  if (spec === '') return str(value);
  const match = SPEC.exec(spec);
  if (match === null) return fail(`Invalid format specifier '${spec}'`);
  const [, fill, align, sign, z, alternate, zero, widthText, grouping = '', precisionText, type = ''] = match;
  if (z !== undefined || type === 'n' || type === 'c') return unsupported(`the format "${spec}"`);
  const width = boundedLength(Number(widthText ?? 0));
  const precision = precisionText === undefined ? null : Number(precisionText);
  const filler = fill ?? (zero === undefined ? ' ' : '0');
  if (value instanceof Str) {
    if ((type !== '' && type !== 's') || sign || alternate || grouping || align === '=') {
      return fail(`the format "${spec}" is not one of a string`);
    }
    const text = value.marked(false);
    return aligned(
      precision === null ? text : text.slice(0, text.unitOf(precision)),
      filler,
      align ?? '<',
      width,
    );
  }
  const int = asInt(value);
  if (int === null && typeof value !== 'number') {
    if (value instanceof Undefined || value === null)
      return fail(`unsupported format string passed to ${typeName(value)}`);
    return fail(`unsupported format string passed to ${typeName(value)}.__format__`);
  }
  const format = {
    type,
    sign: (sign ?? '-').replace('-', ''),
    isAlternate: alternate !== undefined,
    precision,
    grouping,
  };
  if (int !== null && precision !== null && (type === '' || 'dboxX'.includes(type))) {
    return fail('Precision not allowed in integer format specifier');
  }
  const number = int === null ? writeFloat(value as number, format) : writeInt(int, format);
  const side = align ?? (zero === undefined ? '>' : '=');
  if (side !== '=') return aligned(new Str(number.sign + number.prefix + number.digits), filler, side, width);
  if (grouping !== '' && filler === '0') return unsupported(`the format "${spec}"`);
  const missingWidth = Math.max(0, width - number.sign.length - number.prefix.length - number.digits.length);
  return new Str(number.sign + number.prefix + filler.repeat(missingWidth) + number.digits);
}

function aligned(text: Str, fill: string, align: string, width: number): Str {
  const missingWidth = Math.max(0, width - text.length);
  const before = align === '<' ? 0 : align === '>' ? missingWidth : missingWidth >> 1;
  const builder = new StrBuilder().addText(fill.repeat(before)).add(text);
  return builder.addText(fill.repeat(missingWidth - before)).build();
}
