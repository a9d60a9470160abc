import { divide, multiply, negate, power } from './arithmetic.js';
import { fail, unsupported } from './errors.js';
import { boundedInt, countInts, countSteps, MAX_DIGITS } from './limits.js';
import { roundedQuotient, roundFloat } from './number-format.js';
import { strip } from './split.js';
import { Str } from './str.js';
import { asInt, requireIndex, toNearestFloat, typeName, Undefined, type Value } from './values.js';

/** The filter `abs`. */
export function absolute(value: Value): Value {
  if (value instanceof Undefined) return fail("bad operand type for abs(): 'Undefined'");
  const number = typeof value === 'number' ? value : asInt(value);
  if (number === null) return fail(`bad operand type for abs(): '${typeName(value)}'`);
  return number < 0 || Object.is(number, -0) ? negate(number) : number;
}

/** The filter `int`. */
export function toInt(value: Value, fallback: Value, base: number): Value {
  if (value instanceof Undefined) return value.fail();
  const int = value instanceof Str ? parseInteger(value, base) : asInt(value);
  if (int !== null) return int;
  const number = typeof value === 'number' ? value : value instanceof Str ? parseFloating(value) : null;
  return number === null || !Number.isFinite(number) ? fallback : boundedInt(BigInt(Math.trunc(number)));
}

/** The filter `float`. */
export function toFloat(value: Value, fallback: Value): Value {
  if (value instanceof Undefined) return value.fail();
  if (value instanceof Str) return parseFloating(value) ?? fallback;
  const int = asInt(value);
  if (int !== null) return toNearestFloat(int);
  return typeof value === 'number' ? value : fallback;
}

const PREFIXES: Readonly<Record<number, RegExp>> = { 2: /^0b_?/i, 8: /^0o_?/i, 16: /^0x_?/i };

/** A JavaScript number holds this many digits of any base exactly. */
const DIGITS_AT_ONCE = 10;

/** Python's `int(text, base)`; null where it fails. */
function parseInteger(value: Str, base: number): bigint | null {
  const text = plainDigits(strip(value, null, 'both').text);
  if (base !== 0 && (base < 2 || base > 36)) return null;
  const [, sign, rest] = /^([+-]?)(.*)$/s.exec(text)!;
  let radix = base;
  let digits = rest!;
  if (base === 0) {
    radix = Number(Object.keys(PREFIXES).find((key) => PREFIXES[Number(key)]!.test(digits)) ?? 10);
    if (radix === 10 && /^0[0_]*[1-9]/.test(digits)) return null;
  }
  digits = digits.replace(PREFIXES[radix] ?? /^(?!)/, '');
  if (!/^[0-9a-z]+(_[0-9a-z]+)*$/i.test(digits)) return null;
  const plain = digits.replaceAll('_', '').toLowerCase();
  if (radix === 10 && plain.length > MAX_DIGITS) return null;
  if (plain.length > MAX_DIGITS) unsupported(`an integer of more than ${MAX_DIGITS} digits`);
  if ([...plain].some((digit) => Number.parseInt(digit, 36) >= radix)) return null;
  countSteps(plain.length);
  let number = 0n;
  for (let at = 0; at < plain.length; at += DIGITS_AT_ONCE) {
    const piece = plain.slice(at, at + DIGITS_AT_ONCE);
    number = number * BigInt(radix) ** BigInt(piece.length) + BigInt(Number.parseInt(piece, radix));
  }
  return sign === '-' ? -number : number;
}

/** Digits after digits only behind a point: otherwise the time for long texts would be quadratic. */
const FLOAT = /^[+-]?(\d+(_\d+)*(\.(\d+(_\d+)*)?)?|\.\d+(_\d+)*)(e[+-]?\d+(_\d+)*)?$/i;

/** Python's `float(text)`; null where it fails. */
function parseFloating(value: Str): number | null {
  const text = plainDigits(strip(value, null, 'both').text);
  if (FLOAT.test(text)) return Number(text.replaceAll('_', ''));
  const [, sign, word] = /^([+-]?)(inf|infinity|nan)$/i.exec(text) ?? [];
  if (word === undefined) return null;
  if (/^nan$/i.test(word)) return Number.NaN;
  return sign === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

function plainDigits(text: string): string {
  return /(?![0-9])\p{Nd}/u.test(text) ? unsupported('a number in digits of another script') : text;
}

/** The filter `round`. */
export function round(value: Value, precision: Value, method: Value): Value {
  const how = method instanceof Str ? method.text : '';
  if (how !== 'common' && how !== 'ceil' && how !== 'floor')
    return fail('method must be common, ceil or floor');
  if (value instanceof Undefined)
    return how === 'common' ? fail("type Undefined doesn't define __round__ method") : value.fail();
  const int = asInt(value);
  if (how !== 'common') {
    const shift = power(10n, precision);
    const moved = multiply(value, shift);
    const whole =
      asInt(moved) ?? (typeof moved === 'number' ? towards(moved, how) : fail('must be real number'));
    return divide(whole, shift);
  }
  if (precision === null)
    return int ?? (typeof value === 'number' ? toInteger(roundFloat(value, 0)) : noRound(value));
  const digits = requireIndex(precision);
  if (int === null) return typeof value === 'number' ? roundFloat(value, digits) : noRound(value);
  if (digits >= 0) return int;
  countInts(int, 10n ** BigInt(Math.min(-digits, 20)));
  const unit = 10n ** BigInt(Math.min(-digits, 5000));
  const magnitude = roundedQuotient(int < 0n ? -int : int, unit) * unit;
  return int < 0n ? -magnitude : magnitude;
}

const noRound = (value: Value): never => fail(`type ${typeName(value)} doesn't define __round__ method`);

const towards = (value: number, how: 'ceil' | 'floor'): bigint =>
  toInteger(how === 'ceil' ? Math.ceil(value) : Math.floor(value));

const toInteger = (value: number): bigint =>
  Number.isFinite(value)
    ? boundedInt(BigInt(value))
    : fail('cannot convert float infinity or NaN to integer');
