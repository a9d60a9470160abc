import { equals } from './comparison.js';
import { fail } from './errors.js';
import { fn } from './frame.js';
import { Str } from './str.js';
import { type Arguments, Obj, Tuple, Undefined, type Value } from './values.js';

/** The variable `loop`. */
export class Loop extends Obj {
  readonly typeName = 'LoopContext';
  override readonly call: ((args: Arguments) => Value) | null;
  #iterator: Iterator<Value>;
  #index0 = -1;
  #length: number | null;
  /** The next item, if it was looked at; null at the end. */
  #ahead: { readonly value: Value } | null | undefined;
  #current: Value | undefined;
  #before: Value | undefined;
  #lastChanged: Value | undefined;

  /**
   * @param length the number of items; null if it takes all of them to know
   * @param depth0 the number of loops around this one that called themselves
   * @param recurse renders the loop with other items; null if the loop is not recursive
   */
  constructor(
    items: Iterable<Value>,
    length: number | null,
    readonly depth0: number,
    recurse: ((items: Value, depth: number) => Str) | null,
  ) {
    super();
    this.#iterator = items[Symbol.iterator]();
    this.#length = length;
    this.call = ({ positional }) =>
      recurse === null
        ? fail('only a loop marked "recursive" can be called')
        : recurse(positional[0]!, depth0 + 1);
  }

  /** Moves on to the next item. Returns undefined at the end. */
  next(): Value | undefined {
    const next = this.#peek();
    this.#ahead = undefined;
    if (next === null) return undefined;
    this.#index0++;
    this.#before = this.#current;
    this.#current = next.value;
    return next.value;
  }

  #peek(): { readonly value: Value } | null {
    if (this.#ahead === undefined) {
      const { done, value } = this.#iterator.next();
      this.#ahead = done === true ? null : { value };
    }
    return this.#ahead;
  }

  get length(): number {
    if (this.#length === null) {
      const ahead = this.#peek();
      const rest: Value[] = [];
      for (let item = this.#iterator.next(); item.done !== true; item = this.#iterator.next())
        rest.push(item.value);
      this.#iterator = rest[Symbol.iterator]();
      this.#length = this.#index0 + 1 + (ahead === null ? 0 : 1) + rest.length;
    }
    return this.#length;
  }

  override attribute(name: string): Value | undefined {
    switch (name) {
      case 'index':
        return BigInt(this.#index0 + 1);
      case 'index0':
        return BigInt(this.#index0);
      case 'revindex':
        return BigInt(this.length - this.#index0);
      case 'revindex0':
        return BigInt(this.length - this.#index0 - 1);
      case 'length':
        return BigInt(this.length);
      case 'depth':
        return BigInt(this.depth0 + 1);
      case 'depth0':
        return BigInt(this.depth0);
      case 'first':
        return this.#index0 === 0;
      case 'last':
        return this.#peek() === null;
      case 'previtem':
        return this.#index0 === 0 ? new Undefined('there is no previous item') : this.#before!;
      case 'nextitem':
        return this.#nextItem();
      case 'cycle':
        return fn('cycle', ({ positional }) =>
          positional.length === 0
            ? fail('no items for cycling given')
            : positional[this.#index0 % positional.length]!,
        );
      case 'changed':
        return fn('changed', ({ positional }) => {
          const value = new Tuple(positional);
          if (this.#lastChanged !== undefined && equals(this.#lastChanged, value)) return false;
          this.#lastChanged = value;
          return true;
        });
      default:
        return undefined;
    }
  }

  #nextItem(): Value {
    const ahead = this.#peek();
    return ahead === null ? new Undefined('there is no next item') : ahead.value;
  }

  override repr(): Str {
    return new Str(`<LoopContext ${this.#index0 + 1}/${this.length}>`);
  }
}
