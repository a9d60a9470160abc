import type { CompareOperator } from './ast.js';
import { fail, unsupported } from './errors.js';
import { countCharacters, countSearch, countSteps, inside } from './limits.js';
import { Str } from './str.js';
import {
  Dict,
  DictView,
  hashKey,
  isIterable,
  iterate,
  Lazy,
  List,
  lengthOf,
  numberOf,
  Range,
  Tuple,
  typeName,
  Undefined,
  type Value,
} from './values.js';

/** Python's truth of a value. */
export function truth(value: Value): boolean {
  if (typeof value === 'boolean') return value;
  if (value === null) return false;
  if (typeof value === 'bigint') return value !== 0n;
  if (typeof value === 'number') return value !== 0;
  if (value instanceof Str) return value.text !== '';
  return lengthOf(value) !== 0;
}

/** Python's `==`. */
export function equals(a: Value, b: Value): boolean {
  countSteps(1);
  const [x, y] = [numberOf(a), numberOf(b)];
  // JavaScript compares a bigint and a number by their exact values, as Python does.
  // biome-ignore lint/suspicious/noDoubleEquals: the strict comparison tells 1n from 1
  if (x !== null || y !== null) return x !== null && y !== null && x == y;
  if (a === b) return true;
  if (a instanceof Str) {
    if (!(b instanceof Str) || a.text.length !== b.text.length) return false;
    countCharacters(a.text.length);
    return a.text === b.text;
  }
  if (a instanceof List) return b instanceof List && equalItems(a.items, b.items);
  if (a instanceof Tuple) return b instanceof Tuple && equalItems(a.items, b.items);
  if (a instanceof Undefined) return b instanceof Undefined;
  if (a instanceof Range) return b instanceof Range && equalItems([...a.items()], [...b.items()]);
  if (a instanceof Dict) {
    if (!(b instanceof Dict) || a.size !== b.size) return false;
    return inside(() =>
      [...a.entries()].every(([key, value]) => {
        const other = b.get(key);
        return other !== undefined && equals(value, other);
      }),
    );
  }
  if (a instanceof DictView && b instanceof DictView && a.kind !== 'values' && b.kind !== 'values') {
    const items = [...b.items()];
    return (
      lengthOf(a) === lengthOf(b) &&
      [...a.items()].every((item) => items.some((other) => equals(item, other)))
    );
  }
  return false;
}

const equalItems = (a: readonly Value[], b: readonly Value[]): boolean =>
  a.length === b.length && inside(() => a.every((item, i) => equals(item, b[i]!)));

/** Evaluates a comparison. */
export function compare(operator: CompareOperator, a: Value, b: Value): boolean {
  switch (operator) {
    case '==':
      return equals(a, b);
    case '!=':
      return !equals(a, b);
    case 'in':
      return contains(b, a);
    case 'not in':
      return !contains(b, a);
    default:
      return inOrder(operator, a, b);
  }
}

type OrderOperator = '<' | '<=' | '>' | '>=';

function inOrder(operator: OrderOperator, a: Value, b: Value): boolean {
  countSteps(1);
  const [x, y] = [numberOf(a), numberOf(b)];
  if (x !== null && y !== null) {
    if (operator === '<') return x < y;
    if (operator === '<=') return x <= y;
    return operator === '>' ? x > y : x >= y;
  }
  if (a instanceof Str && b instanceof Str) {
    countCharacters(Math.min(a.text.length, b.text.length));
    return isOrdered(operator, comparePoints(a.text, b.text));
  }
  const isSequence = (a instanceof List && b instanceof List) || (a instanceof Tuple && b instanceof Tuple);
  if (isSequence) {
    const i = a.items.findIndex((item, at) => at >= b.items.length || !equals(item, b.items[at]!));
    if (i >= 0 && i < b.items.length) return inside(() => inOrder(operator, a.items[i]!, b.items[i]!));
    return isOrdered(operator, a.items.length - b.items.length);
  }
  if (a instanceof Undefined) return a.fail();
  if (b instanceof Undefined) return b.fail();
  if (a instanceof DictView && b instanceof DictView) return unsupported('comparing views of dicts');
  return fail(`'${operator}' not supported between instances of '${typeName(a)}' and '${typeName(b)}'`);
}

const isOrdered = (operator: OrderOperator, order: number): boolean =>
  operator === '<' ? order < 0 : operator === '<=' ? order <= 0 : operator === '>' ? order > 0 : order >= 0;

/** Compares two texts by code points: JavaScript's order is by UTF-16 units. */
function comparePoints(a: string, b: string): number {
  let i = 0;
  while (i < a.length && i < b.length && a.charCodeAt(i) === b.charCodeAt(i)) i++;
  if (i >= a.length || i >= b.length) return a.length - b.length;
  const isLow = (text: string): boolean => /[\udc00-\udfff]/.test(text[i]!);
  const start = i > 0 && isLow(a) && isLow(b) ? i - 1 : i;
  return a.codePointAt(start)! - b.codePointAt(start)!;
}

/** Whether `a < b`, for sorting. */
export const isLess = (a: Value, b: Value): boolean => inOrder('<', a, b);
/** Whether `a > b`, for the largest of some values. */
export const isGreater = (a: Value, b: Value): boolean => inOrder('>', a, b);

/** Python's `item in container`. */
function contains(container: Value, item: Value): boolean {
  if (container instanceof Str) {
    if (item instanceof Str) {
      countSearch(container.text.length, item.text.length);
      return container.text.includes(item.text);
    }
    return fail(`'in <string>' requires string as left operand, not ${typeName(item)}`);
  }
  if (container instanceof Dict) return container.has(item);
  if (container instanceof DictView && container.kind === 'keys') {
    hashKey(item);
    return container.dict.has(item);
  }
  if (container instanceof Lazy) {
    for (const other of container.iterator) if (equals(other, item)) return true;
    return false;
  }
  if (!isIterable(container)) return fail(`argument of type '${typeName(container)}' is not iterable`);
  for (const other of iterate(container)) if (equals(other, item)) return true;
  return false;
}
