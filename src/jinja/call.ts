import { fail } from './errors.js';
import { countCharacters } from './limits.js';
import { Str } from './str.js';
import type { Arguments, Value } from './values.js';

/** A parameter: its name, and its default if it has one. */
export type Parameter = string | readonly [string, Value];

/**
 * Returns the argument of each parameter, as Python binds them.
 * @param isPositional whether the parameters cannot be given by name
 */
export function bind(
  name: string,
  parameters: readonly Parameter[],
  { positional, named }: Arguments,
  isPositional = false,
): Value[] {
  if (positional.length > parameters.length) {
    fail(`${name}() takes ${parameters.length} arguments at most, not ${positional.length}`);
  }
  const names = parameters.map((parameter) => (typeof parameter === 'string' ? parameter : parameter[0]));
  for (const given of named.keys()) {
    const at = names.indexOf(given);
    if (at < 0 || isPositional) fail(`${name}() got an unexpected keyword argument '${given}'`);
    if (at < positional.length) fail(`${name}() got multiple values for argument '${given}'`);
  }
  return parameters.map((parameter, i) => {
    const value = i < positional.length ? positional[i]! : named.get(names[i]!);
    if (value instanceof Str) countCharacters(value.text.length);
    if (value !== undefined) return value;
    return typeof parameter === 'string'
      ? fail(`${name}() misses the argument '${parameter}'`)
      : parameter[1];
  });
}

/** What follows `|`: a function of the value before it. */
export type Filter = (value: Value, args: Arguments) => Value;

/** What follows `is`. */
export type Test = (value: Value, args: Arguments) => boolean;
