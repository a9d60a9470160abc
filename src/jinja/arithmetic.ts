import { fail, unsupported } from './errors.js';
import { boundedInt, countInts, countSteps, MAX_BITS } from './limits.js';
import { escaped } from './markup.js';
import { formatPercent } from './percent-format.js';
import { joined, repeated, Str } from './str.js';
import {
  DictView,
  iterate,
  List,
  numberOf,
  Tuple,
  toNearestFloat,
  typeName,
  Undefined,
  type Value,
} from './values.js';

function failFor(operator: string, a: Value, b: Value): never {
  if (a instanceof Undefined) a.fail();
  if (b instanceof Undefined) b.fail();
  fail(`unsupported operand type(s) for ${operator}: '${typeName(a)}' and '${typeName(b)}'`);
}

/** Python's `+`. */
export function add(a: Value, b: Value): Value {
  const [x, y] = [numberOf(a), numberOf(b)];
  if (typeof x === 'bigint' && typeof y === 'bigint') return boundedInt(x + y);
  if (x !== null && y !== null) return toNearestFloat(x) + toNearestFloat(y);
  if (a instanceof Str && b instanceof Str) {
    if (!a.isMarkup && !b.isMarkup) return joined([a, b]).build();
    return joined([escaped(a), escaped(b)]).build(true);
  }
  if (a instanceof List && b instanceof List) return new List([...iterate(a), ...iterate(b)]);
  if (a instanceof Tuple && b instanceof Tuple) return new Tuple([...iterate(a), ...iterate(b)]);
  return failFor('+', a, b);
}

function arithmetic(
  operator: string,
  ints: (a: bigint, b: bigint) => Value,
  floats: (a: number, b: number) => number,
): (a: Value, b: Value) => Value {
  return (a, b) => {
    const [x, y] = [numberOf(a), numberOf(b)];
    if (x === null || y === null) {
      if (operator === '-' && (a instanceof DictView || b instanceof DictView))
        unsupported('a difference of sets');
      return failFor(operator, a, b);
    }
    if (typeof x === 'bigint' && typeof y === 'bigint') {
      countInts(x, y);
      return ints(x, y);
    }
    return floats(toNearestFloat(x), toNearestFloat(y));
  };
}

/** Python's `-`. */
export const subtract = arithmetic(
  '-',
  (a, b) => boundedInt(a - b),
  (a, b) => a - b,
);

/** Python's `/`. */
export const divide = arithmetic(
  '/',
  (a, b) => {
    if (b === 0n) return fail('division by zero');
    const isExact = [a, b].every((value) => Number.isSafeInteger(Number(value)));
    return isExact ? Number(a) / Number(b) : unsupported('the quotient of integers beyond 2^53');
  },
  (a, b) => (b === 0 ? fail('float division by zero') : a / b),
);

/** Python's `//`: rounds down. */
export const floorDivide = arithmetic(
  '//',
  (a, b) => {
    if (b === 0n) return fail('integer division or modulo by zero');
    const quotient = a / b;
    return a % b !== 0n && a < 0n !== b < 0n ? quotient - 1n : quotient;
  },
  (a, b) => {
    if (b === 0) return fail('float floor division by zero');
    const rest = floatModulo(a, b);
    const quotient = (a - rest) / b;
    if (quotient === 0) return a / b < 0 || Object.is(a / b, -0) ? -0 : 0;
    const floor = Math.floor(quotient);
    return quotient - floor > 0.5 ? floor + 1 : floor;
  },
);

/** The remainder has the sign of the divisor. */
function floatModulo(a: number, b: number): number {
  const rest = a % b;
  if (rest === 0) return b < 0 ? -0 : 0;
  return rest < 0 !== b < 0 ? rest + b : rest;
}

const numberModulo = arithmetic(
  '%',
  (a, b) => {
    if (b === 0n) return fail('integer division or modulo by zero');
    const rest = a % b;
    return rest !== 0n && rest < 0n !== b < 0n ? rest + b : rest;
  },
  (a, b) => (b === 0 ? fail('float modulo') : floatModulo(a, b)),
);

/** Python's `%`: the remainder, or a formatted string. */
export function modulo(a: Value, b: Value): Value {
  return a instanceof Str ? formatPercent(a, b) : numberModulo(a, b);
}

/** Python's `*`. */
export function multiply(a: Value, b: Value): Value {
  const [x, y] = [numberOf(a), numberOf(b)];
  if (typeof x === 'bigint' && typeof y === 'bigint') {
    countInts(x, y);
    return boundedInt(x * y);
  }
  if (x !== null && y !== null) return toNearestFloat(x) * toNearestFloat(y);
  const [sequence, count] = typeof y === 'bigint' ? [a, y] : [b, x];
  if (typeof count !== 'bigint') return failFor('*', a, b);
  const times = Math.max(0, Number(count));
  if (sequence instanceof Str) return repeated(sequence, times);
  if (!(sequence instanceof List || sequence instanceof Tuple)) return failFor('*', a, b);
  const { items } = sequence;
  const copies = items.length === 0 ? 0 : times;
  countSteps(items.length * copies);
  const all = Array.from({ length: copies }, () => items).flat();
  return sequence instanceof List ? new List(all) : new Tuple(all);
}

/** Python's `**`. */
export const power = arithmetic(
  '**',
  (a, b) => {
    if (b < 0n)
      return a === 0n
        ? fail('0.0 cannot be raised to a negative power')
        : toNearestFloat(a) ** toNearestFloat(b);
    const bits = BigInt(a.toString(2).length);
    if (bits > 1n && bits * b > BigInt(2 * MAX_BITS)) unsupported(`an integer of more than ${MAX_BITS} bits`);
    return boundedInt(a ** b);
  },
  (a, b) => {
    if (a === 0 && b < 0) return fail('0.0 cannot be raised to a negative power');
    if (a < 0 && !Number.isInteger(b) && Number.isFinite(b)) return unsupported('a complex number');
    if (a === 1 || (a === -1 && !Number.isFinite(b) && !Number.isNaN(b))) return 1; // JavaScript says NaN
    const result = a ** b;
    return Number.isFinite(a) && Number.isFinite(b) && !Number.isFinite(result)
      ? fail('the result of ** is too large')
      : result;
  },
);

/** Python's unary `-`. */
export function negate(value: Value): Value {
  const number = numberOf(value);
  if (number === null) return failForUnary('-', value);
  if (typeof number === 'bigint') countInts(number);
  return -number;
}

/** Python's unary `+`. */
export function plus(value: Value): Value {
  return numberOf(value) ?? failForUnary('+', value);
}

function failForUnary(operator: string, value: Value): never {
  if (value instanceof Undefined) value.fail();
  fail(`bad operand type for unary ${operator}: '${typeName(value)}'`);
}
