import type { Target } from './ast.js';
import { fail } from './errors.js';
import type { Frame } from './frame.js';
import { Namespace } from './globals.js';
import type { Symbols } from './symbols.js';
import { isIterable, iterate, typeName, type Value } from './values.js';

/** Assigns a value in a scope. */
export type Assign = (frame: Frame, value: Value) => void;

/** Compiles the target of an assignment. */
export function compileTarget(target: Target, symbols: Symbols): Assign {
  if (target.type === 'tuple') {
    const items = target.items.map((item) => compileTarget(item, symbols));
    return (frame, value) => {
      if (!isIterable(value)) fail(`cannot unpack non-iterable ${typeName(value)} object`);
      const values = [...iterate(value)];
      if (values.length !== items.length) {
        fail(`${values.length} values cannot be unpacked into ${items.length} variables`);
      }
      for (const [i, item] of items.entries()) item(frame, values[i]!);
    };
  }
  const { hops, slot } = symbols.find(target.name)!;
  if (target.type === 'name') {
    return (frame, value) => {
      frame.outwards(hops).values[slot] = value;
    };
  }
  const { attribute } = target;
  return (frame, value) => {
    const namespace = frame.outwards(hops).values[slot];
    if (!(namespace instanceof Namespace)) fail('cannot assign an attribute of what is no namespace');
    (namespace as Namespace).set(attribute, value);
  };
}
