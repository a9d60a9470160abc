import type { CallStatement, MacroStatement } from './ast.js';
import { callValue, compileArguments, compileExpression, type Evaluate } from './compile-expression.js';
import { fail, TemplateError } from './errors.js';
import type { Frame } from './frame.js';
import { countSteps } from './limits.js';
import { Macro, type MacroInputs } from './macro.js';
import { type CompileBody, type Execute, enter, nested, type Scope } from './scope.js';
import { type Str, StrBuilder } from './str.js';
import { readNames, Symbols } from './symbols.js';
import { requireStr, Undefined, type Value } from './values.js';

/** Compiles a macro, or the body of a `call` block. */
export function compileMacro(
  { parameters, body, line }: MacroStatement | CallStatement,
  name: string | null,
  scope: Scope,
  compileBody: CompileBody,
): (frame: Frame) => Macro {
  const symbols = new Symbols(scope.symbols);
  for (const parameter of parameters) symbols.declare(parameter.name);
  for (const parameter of parameters)
    if (parameter.default !== null) symbols.readExpression(parameter.default);
  const names = parameters.map((parameter) => parameter.name);
  const read = readNames(body, ['caller', 'kwargs', 'varargs']);
  const takesCaller = read.has('caller');
  if (
    takesCaller &&
    parameters.some((parameter) => parameter.name === 'caller' && parameter.default === null)
  ) {
    throw new TemplateError('python', 'the parameter "caller" needs a default', line);
  }
  const extras = (['caller', 'kwargs', 'varargs'] as const).filter(
    (extra) => read.has(extra) && !names.includes(extra),
  );
  for (const extra of extras) symbols.declare(extra);
  symbols.readBody(body);

  const inner = { symbols, isConditional: false };
  const slotOf = (variable: string): number => symbols.find(variable)!.slot;
  const slots = names.map(slotOf);
  const extraSlots = extras.map((extra) => [extra, slotOf(extra)] as const);
  const defaults = parameters.map(({ name: parameter, default: value }): Evaluate => {
    const missing = new Undefined(`the parameter '${parameter}' was not provided`);
    return value === null ? () => missing : compileExpression(value, inner);
  });
  const execute = compileBody(body, inner);

  const invoke = (frame: Frame, { values, caller, kwargs, varargs }: MacroInputs): Str => {
    const out = new StrBuilder();
    nested(frame, () => {
      countSteps(slots.length);
      const entered = enter(symbols, frame);
      for (const [i, slot] of slots.entries()) entered.values[slot] = values[i];
      for (const [extra, slot] of extraSlots) entered.values[slot] = { caller, kwargs, varargs }[extra];
      for (const [i, slot] of slots.entries())
        entered.values[slot] ??= valueOrDefault(entered, slot, defaults[i]!);
      execute(entered, out);
    });
    return out.build();
  };
  const signature = {
    ...{ name, names, takesCaller },
    takesKwargs: extras.includes('kwargs'),
    takesVarargs: extras.includes('varargs'),
  };
  return (frame) => new Macro(signature, (inputs) => invoke(frame, inputs));
}

/** None is a value; only a parameter without a value gets its default. */
function valueOrDefault(frame: Frame, slot: number, evaluate: Evaluate): Value {
  const value = frame.values[slot];
  return value === undefined ? evaluate(frame) : value;
}

/** Compiles a `call` block. */
export function compileCallBlock(statement: CallStatement, scope: Scope, compileBody: CompileBody): Execute {
  const { callee, args, line } = statement.call;
  const make = compileMacro(statement, null, scope, compileBody);
  const called = compileExpression(callee, scope);
  const given = compileArguments(args, scope);
  return (frame, out) => {
    const caller = make(frame);
    const value = called(frame);
    const { positional, named } = given(frame);
    frame.run.line = line;
    if (named.has('caller')) fail("two values for the argument 'caller'");
    const text = callValue(value, { positional, named: new Map([...named, ['caller', caller]]) });
    return void out.add(requireStr(text, 'the result of a call block'));
  };
}
