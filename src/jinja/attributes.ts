import { bind } from './call.js';
import { equals } from './comparison.js';
import { fail, unsupported } from './errors.js';
import { fn } from './frame.js';
import { countSteps } from './limits.js';
import { methodOf } from './methods.js';
import { repr } from './repr.js';
import { Str, StrBuilder } from './str.js';
import {
  asInt,
  Dict,
  DictView,
  GroupTuple,
  hashKey,
  Lazy,
  List,
  Obj,
  Range,
  requireIndex,
  Tuple,
  typeName,
  Undefined,
  type Value,
} from './values.js';

/** Attributes that Python's types have and this interpreter does not. */
const UNSUPPORTED: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  Object.entries({
    int: 'as_integer_ratio bit_count bit_length conjugate denominator from_bytes imag numerator real to_bytes',
    float: 'as_integer_ratio conjugate fromhex hex imag is_integer real',
    range: 'count index start step stop',
    generator: 'close send throw',
    dict_keys: 'isdisjoint mapping',
    dict_values: 'mapping',
    dict_items: 'isdisjoint mapping',
  }).map(([type, names]) => [type, new Set(names.split(' '))]),
);

/** Methods that change a list or dict. Jinja's sandbox gives a template an undefined value in their place. */
const LIST_CHANGING: ReadonlySet<string> = new Set([
  ...['append', 'clear', 'pop', 'reverse', 'insert', 'sort', 'extend', 'remove'],
]);
const DICT_CHANGING: ReadonlySet<string> = new Set(['clear', 'pop', 'popitem', 'setdefault', 'update']);

/** Names of Python's own attributes. A template that reads one gets an undefined value. */
const INTERNAL = /^__\w+__$/;

/** Evaluates `value.name`: the attribute, or else the item. */
export function getAttribute(value: Value, name: string): Value {
  if (value instanceof Undefined) {
    return INTERNAL.test(name) ? unsupported(`the attribute "${name}" of an undefined value`) : value.fail();
  }
  if (value instanceof Dict && INTERNAL.test(name) && value.has(new Str(name))) {
    return unsupported(`the key "${name}" as an attribute`);
  }
  const attribute = attributeOf(value, name);
  if (attribute !== undefined) return attribute;
  if (value instanceof Dict) {
    const item = value.get(new Str(name));
    if (item !== undefined) return item;
  }
  return noAttribute(value, name);
}

/** Evaluates `value[key]`: the item, or else the attribute. */
export function getItem(value: Value, key: Value): Value {
  if (value instanceof Undefined) return value.fail();
  if (value instanceof Dict) {
    const isHashable = !(key instanceof List || key instanceof Dict || key instanceof DictView);
    const item = isHashable ? value.get(key) : undefined;
    if (item !== undefined) return item;
  } else if (
    value instanceof Str ||
    value instanceof List ||
    value instanceof Tuple ||
    value instanceof Range
  ) {
    const index = asInt(key);
    if (index !== null) {
      const item = itemAt(value, Number(index));
      return item === undefined ? noItem(value, key) : item;
    }
  }
  if (!(key instanceof Str)) return noItem(value, key);
  const attribute = attributeOf(value, key.text);
  return attribute === undefined ? noAttribute(value, key.text) : attribute;
}

type Sequence = Str | List | Tuple | Range;

const sizeOf = (value: Sequence): number =>
  value instanceof Str || value instanceof Range ? value.length : value.items.length;

/** Returns an item of a sequence; undefined past its ends. */
function itemAt(value: Sequence, index: number): Value | undefined {
  const size = sizeOf(value);
  const at = index < 0 ? index + size : index;
  if (at < 0 || at >= size) return undefined;
  if (value instanceof Str) return value.slice(value.unitOf(at), value.unitOf(at + 1));
  return value instanceof Range ? value.at(at) : value.items[at]!;
}

/** Evaluates `value[start:stop:step]`. */
export function getSlice(value: Value, start: Value, stop: Value, step: Value): Value {
  if (value instanceof Undefined) return value.fail();
  const isSequence =
    value instanceof Str || value instanceof List || value instanceof Tuple || value instanceof Range;
  if (!isSequence) {
    if (value instanceof Dict) return fail("unhashable type: 'slice'");
    return fail(`'${typeName(value)}' object is not subscriptable`);
  }
  const border = (given: Value): number | null => {
    if (given === null) return null;
    if (asInt(given) === null) fail('slice indices must be integers or None');
    return requireIndex(given);
  };
  const stride = border(step) ?? 1;
  if (stride === 0) return fail('slice step cannot be zero');
  const size = sizeOf(value);
  const [first, end] = borders(border(start), border(stop), stride, size);
  if (value instanceof Range) {
    return new Range(value.at(first), value.at(end), value.step * BigInt(stride));
  }
  if (value instanceof Str && stride === 1) {
    return value.slice(value.unitOf(first), value.unitOf(Math.max(first, end)));
  }
  const indices: number[] = [];
  countSteps(Math.ceil(Math.max(0, (end - first) / stride)));
  for (let i = first; stride > 0 ? i < end : i > end; i += stride) indices.push(i);
  if (!(value instanceof Str)) {
    const items = indices.map((index) => value.items[index]!);
    return value instanceof List ? new List(items) : new Tuple(items);
  }
  const builder = new StrBuilder();
  for (const index of indices) builder.addPart(value, value.unitOf(index), value.unitOf(index + 1));
  return builder.build(value.isMarkup);
}

/** Returns the first and the last index (exclusive) of a slice, as Python's `slice.indices`. */
function borders(start: number | null, stop: number | null, step: number, size: number): [number, number] {
  const [low, high] = step > 0 ? [0, size] : [-1, size - 1];
  const clip = (index: number): number => (index < 0 ? Math.max(index + size, low) : Math.min(index, high));
  const first = start === null ? (step > 0 ? low : high) : clip(start);
  const end = stop === null ? (step > 0 ? high : low) : clip(stop);
  return [first, end];
}

/** Returns an attribute that Python's type of the value has; undefined if there is none that a template may use. */
export function attributeOf(value: Value, name: string): Value | undefined {
  if (name.startsWith('_')) return undefined;
  if (value instanceof Str) return methodOf(value, name);
  if (value instanceof Obj) return value.attribute(name);
  if (value instanceof Dict)
    return DICT_CHANGING.has(name) ? noAttribute(value, name) : dictMethod(value, name);
  if (value instanceof List || value instanceof Tuple) {
    if (value instanceof List && LIST_CHANGING.has(name)) return noAttribute(value, name);
    return sequenceMethod(value, name);
  }
  const type = typeof value === 'boolean' ? 'int' : value instanceof Lazy ? 'generator' : typeName(value);
  return UNSUPPORTED.get(type)?.has(name)
    ? unsupported(`the attribute "${name}" of a ${typeName(value)}`)
    : undefined;
}

function dictMethod(dict: Dict, name: string): Value | undefined {
  if (name === 'keys' || name === 'values' || name === 'items') {
    return fn(name, (args) => {
      bind(name, [], args);
      return new DictView(dict, name);
    });
  }
  if (name === 'get') {
    return fn(name, (args) => {
      const [key, fallback] = bind(name, ['key', ['default', null]], args, true);
      hashKey(key!);
      const item = dict.get(key!);
      return item === undefined ? fallback! : item;
    });
  }
  if (name === 'copy') {
    return fn(name, (args) => {
      bind(name, [], args);
      return new Dict(dict.entries());
    });
  }
  return name === 'fromkeys' ? unsupported('dict.fromkeys') : undefined;
}

function sequenceMethod(sequence: List | Tuple, name: string): Value | undefined {
  const { items } = sequence;
  if (sequence instanceof GroupTuple && name === 'grouper') return items[0]!;
  if (sequence instanceof GroupTuple && name === 'list') return items[1]!;
  if (name === 'copy' && sequence instanceof List) {
    return fn(name, (args) => {
      bind(name, [], args);
      return new List(items);
    });
  }
  if (name === 'count') {
    return fn(name, (args) => {
      const [item] = bind(name, ['value'], args, true);
      return BigInt(items.filter((other) => equals(other, item!)).length);
    });
  }
  if (name !== 'index') return undefined;
  return fn(name, (args) => {
    const [item, start, stop] = bind(
      name,
      ['value', ['start', 0n], ['stop', BigInt(items.length)]],
      args,
      true,
    );
    const [first, end] = borders(requireIndex(start!), requireIndex(stop!), 1, items.length);
    const at = items.slice(first, end).findIndex((other) => equals(other, item!));
    return at < 0 ? fail(`${repr(item!).text} is not in the ${typeName(sequence)}`) : BigInt(first + at);
  });
}

function noAttribute(value: Value, name: string): Undefined {
  return new Undefined(`'${typeName(value)} object' has no attribute '${name}'`);
}

function noItem(value: Value, key: Value): Undefined {
  const index =
    key === null || typeof key !== 'object' || key instanceof Str ? repr(key).text : typeName(key);
  return new Undefined(`${typeName(value)} object has no element ${index}`);
}

/** Reads an attribute of an item. */
export type Getter = (item: Value) => Value;

/**
 * Returns a function that reads an attribute as filters name it: `a.b.0`, or an index. Null: the item itself.
 * @param fallback what an undefined value is replaced by; null for nothing
 */
export function getterOf(attribute: Value, fallback: Value = null): Getter {
  const parts = attribute === null ? [] : attribute instanceof Str ? partsOf(attribute.text) : [attribute];
  return (item) => {
    let value = item;
    countSteps(parts.length);
    for (const part of parts) {
      value = getItem(value, part);
      if (fallback !== null && value instanceof Undefined) value = fallback;
    }
    return value;
  };
}

function partsOf(path: string): readonly Value[] {
  return path.split('.').map((part) => (/^\d+$/.test(part) ? BigInt(part) : new Str(part)));
}
