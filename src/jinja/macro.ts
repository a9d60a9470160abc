import { fail } from './errors.js';
import { Str } from './str.js';
import { type Arguments, Dict, Obj, Tuple, Undefined, type Value } from './values.js';

/** What a macro takes. */
export interface MacroSignature {
  /** Null for the body of a `call` block. */
  readonly name: string | null;
  readonly names: readonly string[];
  readonly takesCaller: boolean;
  readonly takesKwargs: boolean;
  readonly takesVarargs: boolean;
}

/** The arguments of one call of a macro. */
export interface MacroInputs {
  /** One for each parameter; undefined if it was not given. */
  readonly values: readonly (Value | undefined)[];
  readonly caller: Value;
  readonly kwargs: Dict;
  readonly varargs: Tuple;
}

/** A macro: a function that renders a part of the template. */
export class Macro extends Obj {
  readonly typeName = 'Macro';
  override readonly call: (args: Arguments) => Str;

  constructor(
    readonly signature: MacroSignature,
    invoke: (inputs: MacroInputs) => Str,
  ) {
    super();
    this.call = (args) => invoke(this.#inputs(args));
  }

  #inputs({ positional, named }: Arguments): MacroInputs {
    const { names, takesCaller, takesKwargs, takesVarargs } = this.signature;
    const rest = new Map(named);
    const take = (name: string): Value | undefined => {
      const value = rest.get(name);
      rest.delete(name);
      return value;
    };
    const values = names.map((name, i) => (i < positional.length ? positional[i] : take(name)));
    const takesOwnCaller = takesCaller && !names.includes('caller');
    const caller = (takesOwnCaller ? take('caller') : null) ?? new Undefined('No caller defined');
    if (!takesKwargs && rest.size > 0) {
      fail(`the macro ${this.#label()} has no parameter '${[...rest.keys()][0]}'`);
    }
    if (!takesVarargs && positional.length > names.length) {
      fail(`the macro ${this.#label()} takes ${names.length} arguments, not ${positional.length}`);
    }
    const kwargs = new Dict([...rest].map(([name, value]) => [new Str(name), value]));
    return { values, caller, kwargs, varargs: new Tuple(positional.slice(names.length)) };
  }

  override attribute(name: string): Value | undefined {
    const { name: own, names, takesCaller, takesKwargs, takesVarargs } = this.signature;
    if (name === 'name') return own === null ? null : new Str(own);
    if (name === 'arguments') return new Tuple(names.map((argument) => new Str(argument)));
    if (name === 'caller') return takesCaller;
    if (name === 'catch_kwargs') return takesKwargs;
    if (name === 'catch_varargs') return takesVarargs;
    return name === 'explicit_caller' ? names.includes('caller') : undefined;
  }

  #label(): string {
    return this.signature.name === null ? 'of a call block' : `'${this.signature.name}'`;
  }

  override repr(): Str {
    const { name } = this.signature;
    return new Str(`<Macro ${name === null ? 'anonymous' : `'${name}'`}>`);
  }
}
