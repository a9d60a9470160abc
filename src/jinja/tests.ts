import { modulo } from './arithmetic.js';
import type { CompareOperator } from './ast.js';
import { bind, type Test } from './call.js';
import { compare, equals } from './comparison.js';
import { unsupported } from './errors.js';
import { str } from './repr.js';
import { isPredicate } from './search.js';
import { Str } from './str.js';
import {
  asInt,
  Dict,
  hashKey,
  isIterable,
  List,
  Obj,
  Range,
  Tuple,
  typeName,
  Undefined,
  type Value,
} from './values.js';

const of =
  (name: string, holds: (value: Value) => boolean): Test =>
  (value, args) => {
    bind(name, [], args);
    return holds(value);
  };
const compared =
  (operator: CompareOperator): Test =>
  (value, args) =>
    compare(operator, value, bind(operator, ['other'], args, true)[0]!);
const remainder = (value: Value, divisor: Value): Value => modulo(value, divisor);

/**
 * Returns Jinja's tests, by name.
 * @param isFilter whether there is a filter of a name
 */
export function createTests(isFilter: (name: string) => boolean): ReadonlyMap<string, Test> {
  const tests: ReadonlyMap<string, Test> = new Map(
    Object.entries<Test>({
      odd: of('odd', (value) => equals(remainder(value, 2n), 1n)),
      even: of('even', (value) => equals(remainder(value, 2n), 0n)),
      divisibleby: (value, args) => equals(remainder(value, bind('divisibleby', ['num'], args)[0]!), 0n),
      defined: of('defined', (value) => !(value instanceof Undefined)),
      undefined: of('undefined', (value) => value instanceof Undefined),
      filter: of('filter', (value) => isName(value, isFilter)),
      test: of('test', (value) => isName(value, (name) => tests.has(name))),
      none: of('none', (value) => value === null),
      boolean: of('boolean', (value) => typeof value === 'boolean'),
      false: of('false', (value) => value === false),
      true: of('true', (value) => value === true),
      integer: of('integer', (value) => typeof value === 'bigint'),
      float: of('float', (value) => typeof value === 'number'),
      lower: of('lower', (value) => isPredicate(str(value), 'islower')),
      upper: of('upper', (value) => isPredicate(str(value), 'isupper')),
      string: of('string', (value) => value instanceof Str),
      mapping: of('mapping', (value) => value instanceof Dict),
      number: of('number', (value) => typeof value === 'number' || asInt(value) !== null),
      sequence: of('sequence', isSequence),
      iterable: of('iterable', (value) => isIterable(value) || typeName(value) === 'LoopContext'),
      callable: of(
        'callable',
        (value) => value instanceof Undefined || (value instanceof Obj && value.call !== null),
      ),
      sameas: (value, args) => isSame(value, bind('sameas', ['other'], args)[0]!),
      escaped: of('escaped', (value) => value instanceof Str && value.isMarkup),
      in: (value, args) => compare('in', value, bind('in', ['seq'], args)[0]!),
      ...named('==', 'eq', 'equalto'),
      ...named('!=', 'ne'),
      ...named('>', 'gt', 'greaterthan'),
      ...named('>=', 'ge'),
      ...named('<', 'lt', 'lessthan'),
      ...named('<=', 'le'),
    }),
  );
  return tests;
}

function named(operator: CompareOperator, ...names: string[]): Record<string, Test> {
  return Object.fromEntries([operator, ...names].map((name) => [name, compared(operator)]));
}

function isName(value: Value, has: (name: string) => boolean): boolean {
  hashKey(value);
  return value instanceof Str && has(value.text);
}

function isSequence(value: Value): boolean {
  return [Str, List, Tuple, Dict, Range, Undefined].some((type) => value instanceof type);
}

/** Python's `is`. Whether two equal strings or numbers are one object depends on Python's caches. */
function isSame(a: Value, b: Value): boolean {
  if (a === null || b === null || typeof a === 'boolean' || typeof b === 'boolean') return a === b;
  if (typeof a === 'object' && a === b && !(a instanceof Undefined)) return true;
  if (typeName(a) !== typeName(b)) return false;
  if (!equals(a, b)) return false;
  if (a instanceof List || a instanceof Dict || a instanceof Obj) return false;
  return unsupported(`"sameas" of two equal values of the type ${typeName(a)}`);
}
