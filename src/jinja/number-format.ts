import { fail, unsupported } from './errors.js';
import { boundedLength, countInts, countSteps } from './limits.js';
import { floatRepr } from './repr.js';

/** How a number is written. */
export interface NumberFormat {
  /** `d`, `b`, `o`, `x`, `X`, `e`, `E`, `f`, `F`, `g`, `G` or `%`; empty for Python's own way. */
  readonly type: string;
  /** What precedes a number that is not negative: nothing, `+` or a blank. */
  readonly sign: string;
  /** Whether prefixes (`0x`) and trailing zeros are written. */
  readonly isAlternate: boolean;
  readonly precision: number | null;
  /** What separates groups of digits: nothing, `,` or `_`. */
  readonly grouping: string;
}

/** A number as text, in the parts between which zeros or blanks may go. */
export interface WrittenNumber {
  readonly sign: string;
  readonly prefix: string;
  readonly digits: string;
}

/** A factor has up to a thousand digits. */
const STEPS_OF_SCALING = 64;

/** Returns |value|·10^power, rounded to an integer: exactly, and half to even. */
function scaled(value: number, power: number): bigint {
  countSteps(STEPS_OF_SCALING);
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, Math.abs(value));
  const bits = view.getBigUint64(0);
  const biased = Number(bits >> 52n);
  const mantissa = (bits & 0xfffffffffffffn) | (biased === 0 ? 0n : 1n << 52n);
  const exponent = (biased === 0 ? 1 : biased) - 1075;
  const two = (n: number): bigint => 1n << BigInt(Math.max(0, n));
  const ten = (n: number): bigint => 10n ** BigInt(Math.max(0, n));
  const above = mantissa * two(exponent) * ten(power);
  const below = two(-exponent) * ten(-power);
  return roundedQuotient(above, below);
}

/** Returns a / b for positive integers, rounded half to even. */
export function roundedQuotient(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  const twice = 2n * (a % b);
  return twice > b || (twice === b && quotient % 2n === 1n) ? quotient + 1n : quotient;
}

/** Python's `round(value, digits)` of a float. */
export function roundFloat(value: number, digits: number): number {
  if (!Number.isFinite(value) || digits > 330) return value;
  if (digits < -310) return value < 0 ? -0 : 0;
  const rounded = Number(`${scaled(value, digits)}e${-digits}`);
  if (!Number.isFinite(rounded)) return fail('the rounded value is too large');
  return value < 0 || Object.is(value, -0) ? -rounded : rounded;
}

function fixed(value: number, precision: number): string {
  const digits = scaled(value, precision)
    .toString()
    .padStart(precision + 1, '0');
  return precision === 0 ? digits : `${digits.slice(0, -precision)}.${digits.slice(-precision)}`;
}

/** Returns the decimal digits of a number, rounded to `precision` + 1 of them, and the exponent of the first. */
function scientific(
  value: number,
  precision: number,
): { readonly digits: string; readonly exponent: number } {
  if (value === 0) return { digits: '0'.repeat(precision + 1), exponent: 0 };
  let exponent = Number(Math.abs(value).toExponential(20).split('e')[1]);
  let digits = scaled(value, precision - exponent).toString();
  if (digits.length > precision + 1) {
    exponent++;
    digits = digits.slice(0, -1);
  }
  return { digits, exponent };
}

function exponential(value: number, precision: number, isAlternate: boolean): string {
  const { digits, exponent } = scientific(value, precision);
  const point = precision > 0 || isAlternate ? '.' : '';
  const size = String(Math.abs(exponent)).padStart(2, '0');
  return `${digits[0]}${point}${digits.slice(1)}e${exponent < 0 ? '-' : '+'}${size}`;
}

function general(value: number, precision: number, isAlternate: boolean): string {
  const places = Math.max(1, precision);
  const { exponent } = scientific(value, places - 1);
  const isFixed = exponent >= -4 && exponent < places;
  const text = isFixed ? fixed(value, places - 1 - exponent) : exponential(value, places - 1, isAlternate);
  return isAlternate ? text : text.replace(/(\.\d*?)0+(?=e|$)/, '$1').replace(/\.(?=e|$)/, '');
}

/** Puts a separator between groups of digits, counted from the end. */
function grouped(digits: string, separator: string, size: number): string {
  if (separator === '') return digits;
  const first = digits.length % size || size;
  const groups = [digits.slice(0, first)];
  for (let at = first; at < digits.length; at += size) groups.push(digits.slice(at, at + size));
  return groups.join(separator);
}

const RADIX: Readonly<Record<string, number>> = { b: 2, o: 8, x: 16, X: 16 };

/** Writes an int. */
export function writeInt(value: bigint, format: NumberFormat): WrittenNumber {
  const { type, sign, isAlternate, precision, grouping } = format;
  if (type !== '' && !'dboxX'.includes(type)) return writeFloat(Number(value), format);
  countInts(value);
  const radix = RADIX[type] ?? 10;
  if (radix !== 10 && grouping === ',') fail(`Cannot specify ',' with '${type}'.`);
  let digits = (value < 0n ? -value : value).toString(radix).padStart(boundedLength(precision ?? 0), '0');
  digits = grouped(digits, grouping, radix === 10 ? 3 : 4);
  return {
    sign: value < 0n ? '-' : sign,
    prefix: isAlternate && radix !== 10 ? `0${type}` : '',
    digits: type === 'X' ? digits.toUpperCase() : digits,
  };
}

/** Writes a float. */
export function writeFloat(
  value: number,
  { type, sign, isAlternate, precision, grouping }: NumberFormat,
): WrittenNumber {
  const isNegative = value < 0 || Object.is(value, -0);
  let digits: string;
  if (!Number.isFinite(value)) digits = Number.isNaN(value) ? 'nan' : 'inf';
  else {
    if (precision !== null && precision > 1000) unsupported(`a precision of ${precision}`);
    const places = precision ?? 6;
    const lower = type.toLowerCase();
    if (type === '') {
      if (precision !== null) return unsupported('a precision without a type');
      digits = floatRepr(Math.abs(value));
    } else if (lower === 'f') digits = fixed(value, places) + (places === 0 && isAlternate ? '.' : '');
    else if (lower === 'e') digits = exponential(value, places, isAlternate);
    else if (lower === 'g') digits = general(value, places, isAlternate);
    else if (type === '%') digits = fixed(value * 100, places);
    else return fail(`Unknown format code '${type}' for object of type 'float'`);
    const [, whole, rest] = /^(\d*)(.*)$/.exec(digits)!;
    digits = grouped(whole!, grouping, 3) + rest;
  }
  if (type === '%') digits += '%';
  const isUpper = type !== type.toLowerCase();
  return { sign: isNegative ? '-' : sign, prefix: '', digits: isUpper ? digits.toUpperCase() : digits };
}
