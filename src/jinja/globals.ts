import { bind } from './call.js';
import { fail, TemplateError, unsupported } from './errors.js';
import { fn } from './frame.js';
import { countSteps } from './limits.js';
import { repr, str } from './repr.js';
import { EMPTY, Str, StrBuilder } from './str.js';
import { type Clock, strftime } from './strftime.js';
import {
  type Arguments,
  asInt,
  Dict,
  type Fn,
  iterate,
  Obj,
  Range,
  requireStr,
  typeName,
  Undefined,
  type Value,
} from './values.js';

/** The longest range that Jinja's sandbox allows. */
const MAX_RANGE = 100_000;

/** An object whose attributes a template can set. */
export class Namespace extends Obj {
  readonly typeName = 'Namespace';
  #attributes: Dict;

  constructor(attributes: Dict) {
    super();
    for (const key of attributes.keys()) if (key instanceof Str) checkAttribute(key.text);
    this.#attributes = attributes;
  }

  override attribute(name: string): Value | undefined {
    return this.#attributes.get(new Str(name));
  }

  set(name: string, value: Value): void {
    checkAttribute(name);
    this.#attributes.set(new Str(name), value);
  }

  override repr(): Str {
    return new StrBuilder().addText('<Namespace ').add(repr(this.#attributes)).addText('>').build();
  }
}

function checkAttribute(name: string): void {
  if (name.startsWith('_'))
    fail(`a namespace cannot have the attribute '${name}': it begins with an underscore`);
}

/** `cycler`: goes through its items again and again. */
class Cycler extends Obj {
  readonly typeName = 'Cycler';
  #at = 0;

  constructor(readonly items: readonly Value[]) {
    super();
    if (items.length === 0) fail('at least one item has to be provided');
  }

  override attribute(name: string): Value | undefined {
    if (name === 'current') return this.items[this.#at]!;
    if (name === 'pos') return BigInt(this.#at);
    if (name === 'items') return unsupported('the attribute "items" of a cycler');
    if (name === 'reset') {
      return fn(name, () => {
        this.#at = 0;
        return null;
      });
    }
    if (name !== 'next') return undefined;
    return fn(name, () => {
      const item = this.items[this.#at]!;
      this.#at = (this.#at + 1) % this.items.length;
      return item;
    });
  }
}

/** `joiner`: nothing when it is called first, then the separator. */
class Joiner extends Obj {
  readonly typeName = 'Joiner';
  #isUsed = false;

  constructor(readonly separator: Value) {
    super();
  }

  override readonly call = (args: Arguments): Value => {
    bind('joiner', [], args);
    const text = this.#isUsed ? this.separator : EMPTY;
    this.#isUsed = true;
    return text;
  };

  override attribute(name: string): Value | undefined {
    return name === 'sep' ? this.separator : name === 'used' ? this.#isUsed : undefined;
  }
}

/** Python's `dict(…)`. */
function makeDict({ positional, named }: Arguments): Dict {
  if (positional.length > 1) fail(`dict expected at most 1 argument, got ${positional.length}`);
  const [start] = positional;
  if (start instanceof Undefined) fail('a dict cannot be made of an undefined value');
  const entries = start === undefined ? [] : start instanceof Dict ? [...start.entries()] : pairsOf(start);
  return new Dict([...entries, ...Array.from(named, ([name, value]) => [new Str(name), value] as const)]);
}

function pairsOf(value: Value): (readonly [Value, Value])[] {
  return Array.from(iterate(value), (item) => {
    const [key, second, ...rest] = iterate(item);
    if (key === undefined || second === undefined || rest.length > 0) fail('a dict is made of pairs');
    return [key!, second!] as const;
  });
}

function makeRange(args: Arguments): Range {
  if (args.named.size > 0) fail('range() takes no keyword arguments');
  const numbers = args.positional.map((value) => {
    if (value instanceof Undefined) return value.fail();
    return asInt(value) ?? fail(`'${typeName(value)}' object cannot be interpreted as an integer`);
  });
  if (numbers.length === 0 || numbers.length > 3)
    fail(`range expected 1 to 3 arguments, got ${numbers.length}`);
  const [start, stop, step] =
    numbers.length === 1 ? [0n, numbers[0]!, 1n] : [numbers[0]!, numbers[1]!, numbers[2] ?? 1n];
  if (step === 0n) fail('range() arg 3 must not be zero');
  const range = new Range(start, stop, step);
  if (range.length > MAX_RANGE) fail(`a range has at most ${MAX_RANGE} items, not ${range.length}`);
  return range;
}

/** Returns the functions that templates can call, as Jinja and transformers define them. @param now the time that templates read */
export function globalsAt(now: Clock): [string, Fn][] {
  return Object.entries<(args: Arguments) => Value>({
    range: makeRange,
    dict: makeDict,
    namespace: (args) => new Namespace(makeDict(args)),
    cycler: ({ positional }) => new Cycler(positional),
    joiner: (args) => new Joiner(bind('joiner', [['sep', new Str(', ')]], args)[0]!),
    lipsum: () => unsupported('lipsum'),
    raise_exception: (args) => {
      throw new TemplateError('raised', str(bind('raise_exception', ['message'], args)[0]!).text);
    },
    strftime_now: (args) => {
      const format = requireStr(bind('strftime_now', ['format'], args)[0]!, 'the format');
      countSteps(format.text.length);
      const written = new Str(strftime(now, format.text));
      return new StrBuilder().addInstead(written, format, 0, format.text.length).build();
    },
  }).map(([name, call]) => [name, fn(name, call)]);
}
