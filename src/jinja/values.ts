import { fail, unsupported } from './errors.js';
import { boundedInt, countCharacters, countInts, countObject, countSteps, inside } from './limits.js';
import { Str } from './str.js';

/**
 * A Python value: None is null, a bool is a boolean, an int a bigint (Python's ints have no limit), a float a number.
 */
export type Value =
  | null
  | boolean
  | bigint
  | number
  | Str
  | List
  | Tuple
  | Dict
  | DictView
  | Range
  | Lazy
  | Undefined
  | Obj;

export class List {
  constructor(readonly items: readonly Value[]) {
    countObject();
  }
}

export class Tuple {
  constructor(readonly items: readonly Value[]) {
    countObject();
  }
}

/** A group of the filter `groupby`: its key and its items. */
export class GroupTuple extends Tuple {}

/** A dict: keeps the order of insertion, and compares keys as Python does (1, 1.0 and True are one key). */
export class Dict {
  readonly #entries = new Map<unknown, readonly [Value, Value]>();

  /** @param source where all of it comes from, its signs as JSON included; see `Origin.message`. Null for none */
  constructor(
    entries: Iterable<readonly [Value, Value]> = [],
    readonly source: number | null = null,
  ) {
    countObject();
    for (const [key, value] of entries) this.set(key, value);
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: Value): Value | undefined {
    return this.#entries.get(hashKey(key))?.[1];
  }

  has(key: Value): boolean {
    return this.#entries.has(hashKey(key));
  }

  /** Only for building: a template cannot change a dict. */
  set(key: Value, value: Value): void {
    const hash = hashKey(key);
    countObject();
    // Python keeps the first of two equal keys.
    this.#entries.set(hash, [this.#entries.get(hash)?.[0] ?? key, value]);
  }

  entries(): Iterable<readonly [Value, Value]> {
    return this.#entries.values();
  }

  *keys(): Generator<Value, void, undefined> {
    for (const [key] of this.#entries.values()) yield key;
  }
}

/** The result of a dict's `keys()`, `values()` or `items()`. */
export class DictView {
  constructor(
    readonly dict: Dict,
    readonly kind: 'keys' | 'values' | 'items',
  ) {
    countObject();
  }

  *items(): Generator<Value, void, undefined> {
    for (const [key, value] of this.dict.entries()) {
      yield this.kind === 'keys' ? key : this.kind === 'values' ? value : new Tuple([key, value]);
    }
  }
}

export class Range {
  readonly length: number;

  constructor(
    readonly start: bigint,
    readonly stop: bigint,
    readonly step: bigint,
  ) {
    countObject();
    for (const int of [start, stop, step]) boundedInt(int);
    const span = step > 0n ? stop - start : start - stop;
    const stride = step > 0n ? step : -step;
    this.length = span <= 0n ? 0 : Number((span + stride - 1n) / stride);
  }

  at(index: number): bigint {
    return boundedInt(this.start + BigInt(index) * this.step);
  }

  *items(): Generator<bigint, void, undefined> {
    for (let i = 0; i < this.length; i++) {
      countSteps(1);
      yield this.at(i);
    }
  }
}

/** The memory of a generator, and of what it keeps to go on, is that of about this many other steps. */
const STEPS_OF_A_GENERATOR = 36;

/** A Python generator or iterator: its items can be read once. */
export class Lazy {
  readonly iterator: IterableIterator<Value>;

  constructor(
    items: Iterable<Value>,
    readonly typeName = 'generator',
  ) {
    countSteps(STEPS_OF_A_GENERATOR);
    const iterator = items[Symbol.iterator]();
    // Unlike a JavaScript generator, this one can be left in the middle and read on.
    this.iterator = {
      next: () => {
        countSteps(1);
        return iterator.next();
      },
      [Symbol.iterator]() {
        return this;
      },
    };
  }
}

/** What a name, attribute or item that does not exist evaluates to. */
export class Undefined {
  /** @param why the message of the error if the value is used */
  constructor(readonly why: string) {
    countObject();
  }

  static named(name: string): Undefined {
    return new Undefined(`'${name}' is undefined`);
  }

  fail(): never {
    fail(this.why);
  }
}

/** The arguments of a call. */
export interface Arguments {
  readonly positional: readonly Value[];
  readonly named: ReadonlyMap<string, Value>;
}

/** Any other object. */
export abstract class Obj {
  abstract readonly typeName: string;

  /** Returns an attribute; undefined if there is none. */
  attribute(_name: string): Value | undefined {
    return undefined;
  }

  /** The function that a call of this object runs; null if it cannot be called. */
  readonly call: ((args: Arguments) => Value) | null = null;

  constructor() {
    countObject();
  }

  /** Returns the text that Python prints for it. */
  repr(): Str {
    return unsupported(`printing a ${this.typeName}`);
  }
}

/** A function or bound method. */
export class Fn extends Obj {
  readonly typeName = 'function';

  constructor(
    readonly name: string,
    override readonly call: (args: Arguments) => Value,
  ) {
    super();
  }
}

/** Python's name for the type of a value. */
export function typeName(value: Value): string {
  if (value === null) return 'NoneType';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'bigint') return 'int';
  if (typeof value === 'number') return 'float';
  if (value instanceof Str) return value.isMarkup ? 'Markup' : 'str';
  if (value instanceof List) return 'list';
  if (value instanceof Tuple) return 'tuple';
  if (value instanceof Dict) return 'dict';
  if (value instanceof DictView) return `dict_${value.kind}`;
  if (value instanceof Range) return 'range';
  if (value instanceof Undefined) return 'Undefined';
  return value.typeName;
}

/** Returns an int for a bool or an int; null for another value. */
export function asInt(value: Value): bigint | null {
  if (typeof value === 'bigint') return value;
  return typeof value === 'boolean' ? BigInt(value) : null;
}

/** Returns an int or a float, a bool as an int; null for another value. */
export function numberOf(value: Value): bigint | number | null {
  return typeof value === 'number' ? value : asInt(value);
}

/** Converts an int to the nearest float. */
export function toNearestFloat(value: bigint | number): number {
  const number = Number(value);
  return Number.isFinite(number) || typeof value === 'number'
    ? number
    : fail('int too large to convert to float');
}

/** Returns a JavaScript number for an index, a width or a count. */
export function requireIndex(value: Value): number {
  if (value instanceof Undefined) return value.fail();
  const int = asInt(value);
  if (int === null) return fail(`'${typeName(value)}' object cannot be interpreted as an integer`);
  return Number(int);
}

/** Returns the string of a value that must be one. */
export function requireStr(value: Value, what: string): Str {
  if (value instanceof Str) return value;
  return fail(`${what} must be str, not ${typeName(value)}`);
}

/** Returns the items of a value in Python's order. */
export function iterate(value: Value): Iterable<Value> {
  if (value instanceof List || value instanceof Tuple) {
    countSteps(value.items.length);
    return value.items;
  }
  if (value instanceof Str) return value.characters();
  if (value instanceof Dict || value instanceof DictView) countSteps(lengthOf(value)!);
  if (value instanceof Dict) return value.keys();
  if (value instanceof DictView || value instanceof Range) return value.items();
  if (value instanceof Lazy) return value.iterator;
  if (value instanceof Undefined) return [];
  if (typeName(value) === 'LoopContext') return unsupported('going through the items of "loop"');
  return fail(`'${typeName(value)}' object is not iterable`);
}

/** Whether Python can iterate over a value. */
export function isIterable(value: Value): boolean {
  return typeof value === 'object' && value !== null && !(value instanceof Obj);
}

/** Returns Python's `len`; null for a value that has none. */
export function lengthOf(value: Value): number | null {
  if (value instanceof Str || value instanceof Range) return value.length;
  if (value instanceof List || value instanceof Tuple) return value.items.length;
  if (value instanceof Dict) return value.size;
  if (value instanceof DictView) return value.dict.size;
  if (value instanceof Undefined) return 0;
  return null;
}

/** Returns the key of a JavaScript map under which equal Python values are one. */
export function hashKey(value: Value): unknown {
  if (value instanceof Str) {
    countCharacters(value.text.length);
    return `s${value.text}`;
  }
  const int = asInt(value);
  if (int !== null) {
    countInts(int);
    return `n${int}`;
  }
  if (typeof value === 'number') {
    const key = Number.isInteger(value) ? `n${BigInt(value)}` : `n${value}`;
    countCharacters(key.length);
    return key;
  }
  if (value === null) return null;
  if (value instanceof Undefined) return 'undefined';
  if (value instanceof Tuple) {
    countSteps(value.items.length);
    // With lengths, not with quotes: quotes in quotes would double with every tuple in a tuple.
    const key = `t${inside(() => value.items.map(tupleKey)).join('')}`;
    countCharacters(key.length);
    return key;
  }
  if (value instanceof Range) return unsupported('a range as a key');
  if (value instanceof List || value instanceof Dict) return fail(`unhashable type: '${typeName(value)}'`);
  if (value instanceof DictView) {
    return value.kind === 'values' ? value : fail(`unhashable type: '${typeName(value)}'`);
  }
  return value;
}

function tupleKey(value: Value): string {
  const key = hashKey(value);
  if (key === null) return '-';
  if (typeof key === 'string') return `${key.length}:${key}`;
  return unsupported(`a ${typeName(value)} in a key`);
}

/** What JSON can hold. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/**
 * Returns the Python value of what `json.loads` would read. A number without a fraction is an int.
 * @param source where its strings come from; see `Origin.message`. Null for none
 */
export function valueOfJson(json: Json, source: number | null = null): Value {
  const text = (of: string): Str =>
    source === null ? new Str(of) : new Str(of, [{ start: 0, end: of.length, message: source }]);
  if (json === null || typeof json === 'boolean') return json;
  if (typeof json === 'number') return Number.isInteger(json) ? BigInt(json) : json;
  if (typeof json === 'string') return text(json);
  if (Array.isArray(json)) return new List(json.map((item) => valueOfJson(item, source)));
  const entries = Object.entries(json);
  return new Dict(
    entries.map(([key, value]) => [text(key), valueOfJson(value, source)]),
    source,
  );
}
