import { add } from './arithmetic.js';
import { type Getter, getterOf } from './attributes.js';
import type { Filter, Test } from './call.js';
import { lower } from './case.js';
import { equals, isLess, truth } from './comparison.js';
import { fail } from './errors.js';
import { countSteps } from './limits.js';
import { str } from './repr.js';
import { joined, Str } from './str.js';
import {
  type Arguments,
  Dict,
  DictView,
  GroupTuple,
  hashKey,
  isIterable,
  iterate,
  Lazy,
  List,
  requireIndex,
  typeName,
  Undefined,
  type Value,
} from './values.js';

/** Returns a getter of keys to compare: strings in lower case, unless case matters. */
function keyOf(attribute: Value, isCased: boolean, fallback: Value = null): Getter {
  const get = getterOf(attribute, fallback);
  return (item) => {
    const key = get(item);
    return key instanceof Str && !isCased ? lower(key) : key;
  };
}

/** Sorts items by their keys, and keeps the order of equal ones. */
function sortBy(items: Iterable<Value>, getKey: Getter, isReverse = false): Value[] {
  const keyed = Array.from(items, (item) => ({ item, key: getKey(item) }));
  const order = (a: Value, b: Value): number => (isLess(a, b) ? -1 : isLess(b, a) ? 1 : 0);
  keyed.sort((a, b) => (isReverse ? order(b.key, a.key) : order(a.key, b.key)));
  return keyed.map(({ item }) => item);
}

export function sorted(value: Value, isReverse: boolean, isCased: boolean, attribute: Value): Value {
  const attributes =
    attribute instanceof Str ? attribute.text.split(',').map((part) => new Str(part)) : [attribute];
  const getters = attributes.map((part) => keyOf(part, isCased));
  return new List(sortBy(iterate(value), (item) => new List(getters.map((get) => get(item))), isReverse));
}

export function dictSort(value: Value, isCased: boolean, by: Value, isReverse: boolean): Value {
  if (value instanceof Undefined) return value.fail();
  if (!(value instanceof Dict)) return fail(`'${typeName(value)}' object has no attribute 'items'`);
  const which = by instanceof Str ? by.text : '';
  if (which !== 'key' && which !== 'value') return fail('dictsort sorts by "key" or by "value"');
  const getKey = keyOf(which === 'key' ? 0n : 1n, isCased);
  return new List(sortBy(new DictView(value, 'items').items(), getKey, isReverse));
}

export function groupBy(value: Value, attribute: Value, fallback: Value, isCased: boolean): Value {
  const getKey = keyOf(attribute, isCased, fallback);
  const groups: { key: Value; items: Value[] }[] = [];
  for (const item of sortBy(iterate(value), getKey)) {
    const key = getKey(item);
    const last = groups.at(-1);
    if (last !== undefined && equals(last.key, key)) last.items.push(item);
    else groups.push({ key, items: [item] });
  }
  const get = getterOf(attribute, fallback);
  return new List(
    groups.map(({ key, items }) => new GroupTuple([isCased ? key : get(items[0]!), new List(items)])),
  );
}

export function theBest(
  value: Value,
  isBetter: (a: Value, b: Value) => boolean,
  isCased: boolean,
  attribute: Value,
): Value {
  const getKey = keyOf(attribute, isCased);
  let best: { item: Value; key: Value } | null = null;
  for (const item of iterate(value)) {
    const key = getKey(item);
    if (best === null || isBetter(key, best.key)) best = { item, key };
  }
  return best === null ? new Undefined('No aggregated item, sequence was empty.') : best.item;
}

export function unique(value: Value, isCased: boolean, attribute: Value): Value {
  const getKey = keyOf(attribute, isCased);
  return lazy(function* () {
    const seen = new Set<unknown>();
    for (const item of iterate(value)) {
      const key = hashKey(getKey(item));
      if (!seen.has(key)) yield item;
      seen.add(key);
    }
  });
}

export function sum(value: Value, attribute: Value, start: Value): Value {
  if (start instanceof Str) return fail("sum() can't sum strings [use ''.join(seq) instead]");
  const get = getterOf(attribute);
  let total: Value = start as Value;
  for (const item of iterate(value)) total = add(total, get(item));
  return total;
}

export function first(value: Value): Value {
  for (const item of iterate(value)) return item;
  return new Undefined('No first item, sequence was empty.');
}

export function last(value: Value): Value {
  if (value instanceof Lazy) return fail(`'${value.typeName}' object is not reversible`);
  const items = [...iterate(value)];
  return items.length === 0 ? new Undefined('No last item, sequence was empty.') : items.at(-1)!;
}

export function reversed(value: Value): Value {
  if (value instanceof Str) {
    const characters = [...value.characters()].reverse();
    return joined(characters).build(value.isMarkup);
  }
  if (!isIterable(value)) return fail('argument must be iterable');
  const items = [...iterate(value)].reverse();
  return value instanceof Lazy ? new List(items) : new Lazy(items, 'reverse iterator');
}

export function items(value: Value): Value {
  return lazy(function* () {
    if (value instanceof Undefined) return;
    if (!(value instanceof Dict)) fail('Can only get item pairs from a mapping.');
    yield* new DictView(value as Dict, 'items').items();
  });
}

export function batched(value: Value, size: Value, fill: Value): Value {
  return lazy(function* () {
    let batch: Value[] = [];
    for (const item of iterate(value)) {
      if (equals(BigInt(batch.length), size)) {
        yield new List(batch);
        batch = [];
      }
      batch.push(item);
    }
    if (batch.length === 0) return;
    if (fill !== null)
      while (isLess(BigInt(batch.length), size)) {
        countSteps(1);
        batch.push(fill);
      }
    yield new List(batch);
  });
}

export function sliced(value: Value, slices: Value, fill: Value): Value {
  return lazy(function* () {
    const all = [...iterate(value)];
    const count = requireIndex(slices);
    countSteps(Math.max(0, count));
    if (count === 0) fail('integer division or modulo by zero');
    const size = Math.floor(all.length / count);
    const longer = all.length - size * count;
    let at = 0;
    for (let i = 0; i < count; i++) {
      const end = at + size + (i < longer ? 1 : 0);
      const slice = all.slice(at, end);
      if (fill !== null && i >= longer) slice.push(fill);
      yield new List(slice);
      at = end;
    }
  });
}

/** The filter `map`: applies a filter to each item, or reads an attribute. */
export function mapped(
  value: Value,
  { positional, named }: Arguments,
  filters: ReadonlyMap<string, Filter>,
): Value {
  return lazy(function* () {
    if (!truth(value)) return;
    let apply: Getter;
    if (positional.length === 0 && named.has('attribute')) {
      const unexpected = [...named.keys()].find((name) => name !== 'attribute' && name !== 'default');
      if (unexpected !== undefined) fail(`Unexpected keyword argument '${unexpected}'`);
      apply = getterOf(named.get('attribute')!, named.get('default') ?? null);
    } else {
      const [name, ...rest] = positional;
      if (name === undefined) return fail('map requires a filter argument');
      apply = (item) => found(filters, name, 'filter')(item, { positional: rest, named });
    }
    for (const item of iterate(value)) yield apply(item);
  });
}

/** The filters `select`, `reject`, `selectattr` and `rejectattr`. */
export function selected(
  value: Value,
  { positional, named }: Arguments,
  tests: ReadonlyMap<string, Test>,
  { byAttribute, keeps }: { readonly byAttribute: boolean; readonly keeps: boolean },
): Value {
  return lazy(function* () {
    if (!truth(value)) return;
    if (byAttribute && positional.length === 0) fail('Missing parameter for attribute name');
    const get = byAttribute ? getterOf(positional[0]!) : (item: Value): Value => item;
    const [name, ...rest] = byAttribute ? positional.slice(1) : positional;
    const holds = (item: Value): boolean =>
      name === undefined ? truth(item) : found(tests, name, 'test')(item, { positional: rest, named });
    for (const item of iterate(value)) if (holds(get(item)) === keeps) yield item;
  });
}

function found<T>(table: ReadonlyMap<string, T>, name: Value, what: string): T {
  if (name instanceof Undefined) return name.fail();
  hashKey(name);
  const entry = name instanceof Str ? table.get(name.text) : undefined;
  return entry ?? fail(`there is no ${what} named ${str(name).text}`);
}

const lazy = (generate: () => Iterable<Value>): Lazy => new Lazy(generate());
