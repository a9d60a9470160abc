import { add, divide, floorDivide, modulo, multiply, negate, plus, power, subtract } from './arithmetic.js';
import type { CallArguments, Expression, FilterExpression, Slice } from './ast.js';
import { getAttribute, getItem, getSlice } from './attributes.js';
import { compare, truth } from './comparison.js';
import { fail, TemplateError, unsupported } from './errors.js';
import { FILTERS, TESTS } from './filters.js';
import type { Frame } from './frame.js';
import { countCharacters, countSteps, inside } from './limits.js';
import { callMethod } from './methods.js';
import { str } from './repr.js';
import type { Scope } from './scope.js';
import { joined, Str } from './str.js';
import { childrenOf, type Symbols } from './symbols.js';
import {
  type Arguments,
  Dict,
  iterate,
  List,
  Obj,
  Tuple,
  typeName,
  Undefined,
  type Value,
} from './values.js';

/** Evaluates an expression in a scope. */
export type Evaluate = (frame: Frame) => Value;

const ARITHMETIC = {
  '+': add,
  '-': subtract,
  '*': multiply,
  '/': divide,
  '//': floorDivide,
  '%': modulo,
  '**': power,
} as const;
const UNARY = { '-': negate, '+': plus, not: (value: Value): Value => !truth(value) } as const;
const NO_NAMES: ReadonlyMap<string, Value> = new Map();

/** Compiles an expression to a function. An operation counts as a step, and so does each of its operands. */
export function compileExpression(expression: Expression, scope: Scope): Evaluate {
  const evaluate = inside(() => compileUncounted(expression, scope));
  if (expression.type === 'constant' || expression.type === 'name') return evaluate;
  const cost = 1 + childrenOf(expression).length;
  return (frame) => {
    countSteps(cost);
    return evaluate(frame);
  };
}

function compileUncounted(expression: Expression, scope: Scope): Evaluate {
  const { line } = expression;
  const compile = (part: Expression): Evaluate => compileExpression(part, scope);
  switch (expression.type) {
    case 'constant': {
      const { value } = expression;
      return () => value;
    }
    case 'name':
      return compileName(expression.name, scope.symbols, line);
    case 'tuple':
    case 'list': {
      const items = expression.items.map(compile);
      const Type = expression.type === 'tuple' ? Tuple : List;
      return (frame) => new Type(items.map((item) => item(frame)));
    }
    case 'dict': {
      const entries = expression.entries.map(([key, value]) => [compile(key), compile(value)] as const);
      return (frame) => {
        const pairs = entries.map(([key, value]) => [key(frame), value(frame)] as const);
        frame.run.line = line;
        return new Dict(pairs);
      };
    }
    case 'concat': {
      const items = expression.items.map(compile);
      return (frame) => joined(items.map((item) => item(frame)).map(str)).build();
    }
    case 'attribute': {
      const object = compile(expression.object);
      const { name } = expression;
      return (frame) => {
        const value = object(frame);
        frame.run.line = line;
        return getAttribute(value, name);
      };
    }
    case 'item':
      return compileItem(compile(expression.object), expression.index, scope, line);
    case 'call':
      return compileCall(expression.callee, compileArguments(expression.args, scope), scope, line);
    case 'filter':
      return compileFilter(
        expression,
        expression.operand === null ? null : compile(expression.operand),
        scope,
      );
    case 'test': {
      const operand = compile(expression.operand);
      const args = compileArguments(expression.args, scope);
      const { name } = expression;
      const test = TESTS.get(name);
      if (test === undefined && !scope.isConditional) throw unknown('test', name, line);
      return (frame) => {
        const value = operand(frame);
        const given = args(frame);
        frame.run.line = line;
        if (test === undefined) throw unknown('test', name, line);
        if (value instanceof Str) countCharacters(value.text.length);
        return test(value, given);
      };
    }
    case 'unary': {
      const operand = compile(expression.operand);
      const operate = UNARY[expression.operator];
      return (frame) => {
        const value = operand(frame);
        frame.run.line = line;
        return operate(value);
      };
    }
    case 'binary': {
      const left = compile(expression.left);
      const right = compile(expression.right);
      if (expression.operator === 'and') {
        return (frame) => {
          const value = left(frame);
          return truth(value) ? right(frame) : value;
        };
      }
      if (expression.operator === 'or') {
        return (frame) => {
          const value = left(frame);
          if (truth(value)) return value;
          const other = right(frame);
          // Of two empty strings, the one that is an empty content tells where the content is.
          const isEmptyContent = value instanceof Str && other instanceof Str && other.text === '';
          return isEmptyContent && value.isMarkup === other.isMarkup ? value : other;
        };
      }
      const operate = ARITHMETIC[expression.operator];
      return (frame) => {
        const first = left(frame);
        const second = right(frame);
        frame.run.line = line;
        return operate(first, second);
      };
    }
    case 'compare': {
      const first = compile(expression.first);
      const rest = expression.rest.map(({ operator, operand }) => ({ operator, operand: compile(operand) }));
      return (frame) => {
        let left = first(frame);
        for (const { operator, operand } of rest) {
          const right = operand(frame);
          frame.run.line = line;
          if (!compare(operator, left, right)) return false;
          left = right;
        }
        return true;
      };
    }
    case 'conditional': {
      const soft = { ...scope, isConditional: true };
      const [test, then] = [expression.test, expression.value].map((part) => compileExpression(part, soft));
      const otherwise = expression.otherwise === null ? null : compileExpression(expression.otherwise, soft);
      const missing = new Undefined(`the inline if-expression on line ${line} is false and has no "else"`);
      return (frame) => {
        if (truth(test!(frame))) return then!(frame);
        return otherwise === null ? missing : otherwise(frame);
      };
    }
  }
}

function compileName(name: string, symbols: Symbols, line: number): Evaluate {
  const place = symbols.find(name);
  if (place === null) throw new TemplateError('python', `the name "${name}" cannot be used here`, line);
  const { hops, slot } = place;
  const missing = Undefined.named(name);
  return (frame) => {
    const value = frame.outwards(hops).values[slot];
    if (value !== undefined) return value;
    return name === 'self' ? unsupported('the variable "self"') : missing;
  };
}

function compileItem(object: Evaluate, index: Expression | Slice, scope: Scope, line: number): Evaluate {
  if (index.type !== 'slice') {
    const key = compileExpression(index, scope);
    return (frame) => {
      const value = object(frame);
      const item = key(frame);
      frame.run.line = line;
      return getItem(value, item);
    };
  }
  const compileBorder = (border: Expression | null): Evaluate =>
    border === null ? () => null : compileExpression(border, scope);
  const [start, stop, step] = [index.start, index.stop, index.step].map(compileBorder);
  return (frame) => {
    const value = object(frame);
    const borders = [start!(frame), stop!(frame), step!(frame)] as const;
    frame.run.line = line;
    return getSlice(value, ...borders);
  };
}

function compileCall(
  callee: Expression,
  args: (frame: Frame) => Arguments,
  scope: Scope,
  line: number,
): Evaluate {
  if (callee.type === 'attribute') {
    // A string's method is called directly, without a value for the method.
    const object = compileExpression(callee.object, scope);
    const { name } = callee;
    return (frame) => {
      const value = object(frame);
      frame.run.line = line;
      if (value instanceof Str) return callMethod(value, name, () => args(frame), frame.run);
      const method = getAttribute(value, name);
      const given = args(frame);
      frame.run.line = line;
      return callValue(method, given);
    };
  }
  const evaluate = compileExpression(callee, scope);
  return (frame) => {
    const called = evaluate(frame);
    const given = args(frame);
    frame.run.line = line;
    return callValue(called, given);
  };
}

/** Calls a value. */
export function callValue(value: Value, args: Arguments): Value {
  if (value instanceof Undefined) return value.fail();
  if (value instanceof Obj && value.call !== null) return value.call(args);
  return fail(`'${typeName(value)}' object is not callable`);
}

/** Compiles a filter. @param operand null if the value is given to the returned function instead */
export function compileFilter(
  { name, args, line }: FilterExpression,
  operand: Evaluate | null,
  scope: Scope,
): (frame: Frame, value?: Value) => Value {
  const filter = FILTERS.get(name);
  if (filter === undefined && !scope.isConditional) throw unknown('filter', name, line);
  const compiled = compileArguments(args, scope);
  return (frame, block) => {
    const value = operand === null ? block! : operand(frame);
    const given = compiled(frame);
    frame.run.line = line;
    if (filter === undefined) throw unknown('filter', name, line);
    if (value instanceof Str) countCharacters(value.text.length);
    return filter(value, given);
  };
}

function unknown(what: 'filter' | 'test', name: string, line: number): TemplateError {
  return new TemplateError('python', `there is no ${what} named "${name}"`, line);
}

/** Compiles the arguments of a call. */
export function compileArguments(args: CallArguments, scope: Scope): (frame: Frame) => Arguments {
  const compile = (part: Expression): Evaluate => compileExpression(part, scope);
  const values = args.positional.map(compile);
  const named = args.named.map(([name, value]) => [name, compile(value)] as const);
  const spread = args.spread === null ? null : compile(args.spread);
  const namedSpread = args.namedSpread === null ? null : compile(args.namedSpread);
  if (named.length === 0 && spread === null && namedSpread === null) {
    return (frame) => ({ positional: values.map((value) => value(frame)), named: NO_NAMES });
  }
  return (frame) => {
    const positional = values.map((value) => value(frame));
    if (spread !== null) positional.push(...iterate(spread(frame)));
    const names = new Map<string, Value>();
    const give = (name: string, value: Value): void => {
      if (names.has(name)) fail(`two values for the argument '${name}'`);
      names.set(name, value);
    };
    for (const [name, value] of named) give(name, value(frame));
    if (namedSpread !== null) {
      const dict = namedSpread(frame);
      if (!(dict instanceof Dict))
        return fail(`the argument after ** must be a mapping, not ${typeName(dict)}`);
      countSteps(dict.size);
      for (const [key, value] of dict.entries()) {
        give(key instanceof Str ? key.text : fail('keywords must be strings'), value);
      }
    }
    return { positional, named: names };
  };
}
