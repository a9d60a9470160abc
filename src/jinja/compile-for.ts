import { compileTarget } from './assign.js';
import type { ForStatement, Statement, Target } from './ast.js';
import { truth } from './comparison.js';
import { compileExpression } from './compile-expression.js';
import { TemplateError } from './errors.js';
import { Frame } from './frame.js';
import { countSteps } from './limits.js';
import { Loop } from './loop.js';
import {
  type CompileBody,
  compileInner,
  type Ending,
  type Execute,
  enter,
  nested,
  resetterOf,
  type Scope,
} from './scope.js';
import { type Str, StrBuilder } from './str.js';
import { readNames, Symbols } from './symbols.js';
import { iterate, lengthOf, type Value } from './values.js';

/** Compiles a `for` loop. */
export function compileFor(statement: ForStatement, scope: Scope, compileBody: CompileBody): Execute {
  const { target, iterable, test, isRecursive, body, otherwise, line } = statement;
  if (assignsLoop(statement)) throw new TemplateError('python', 'a for loop cannot assign to "loop"', line);
  const symbols = new Symbols(scope.symbols);
  const hasLoop = isRecursive || readNames(body, ['loop']).has('loop');
  if (hasLoop) symbols.declare('loop');
  symbols.readTarget(target, true);
  symbols.readBody(body);
  const loopSlot = hasLoop ? symbols.find('loop')!.slot : -1;
  const assign = compileTarget(target, symbols);
  const execute = compileBody(body, { symbols, isConditional: false });
  const reset = resetterOf(symbols);
  const items = compileExpression(iterable, scope);
  const filter = test === null ? null : compileLoopTest(target, test, scope);
  const other = otherwise.length === 0 ? null : compileInner(otherwise, scope, compileBody);

  const render = (frame: Frame, value: Value, depth: number, out: StrBuilder): Ending => {
    frame.run.line = line;
    const chosen = filter === null ? iterate(value) : filter(frame, iterate(value));
    const recurse = isRecursive
      ? (inner: Value, innerDepth: number): Str => renderAgain(frame, inner, innerDepth)
      : null;
    const loop = new Loop(chosen, filter === null ? lengthOf(value) : null, depth, recurse);
    const inner = new Frame(frame.run, frame, []);
    // As in Jinja: `else` is rendered unless a round has come to the end of the body.
    let isComplete = false;
    for (let item = loop.next(); item !== undefined; item = loop.next()) {
      countSteps(1);
      frame.run.line = line;
      assign(inner, item);
      if (hasLoop) inner.values[loopSlot] = loop;
      reset(inner);
      const ending = execute(inner, out);
      if (ending === 'break') break;
      if (ending === undefined) isComplete = true;
    }
    inner.values.fill(undefined);
    if (other === null || isComplete) return undefined;
    return other.execute(enter(other.symbols, frame), out);
  };
  const renderAgain = (frame: Frame, value: Value, depth: number): Str => {
    const out = new StrBuilder();
    nested(frame, () => render(frame, value, depth, out));
    return out.build();
  };
  if (isRecursive) return (frame, out) => void out.add(renderAgain(frame, items(frame), 0));
  return (frame, out) => render(frame, items(frame), 0, out);
}

/** Compiles the `if` of a loop. It is evaluated for an item when the loop comes to it. */
function compileLoopTest(
  target: Target,
  test: Parameters<typeof compileExpression>[0],
  scope: Scope,
): (frame: Frame, items: Iterable<Value>) => Iterable<Value> {
  const symbols = new Symbols(scope.symbols);
  symbols.readTarget(target, true);
  symbols.readExpression(test);
  const assign = compileTarget(target, symbols);
  const holds = compileExpression(test, { symbols, isConditional: false });
  return function* (frame, items) {
    const inner = enter(symbols, frame);
    for (const item of items) {
      assign(inner, item);
      if (truth(holds(inner))) yield item;
    }
  };
}

function assignsLoop(statement: Statement): boolean {
  const isLoop = (target: Target): boolean =>
    target.type === 'tuple' ? target.items.some(isLoop) : target.type === 'name' && target.name === 'loop';
  if (
    (statement.type === 'set' || statement.type === 'for' || statement.type === 'set block') &&
    isLoop(statement.target)
  ) {
    return true;
  }
  return bodiesOf(statement).some((body) => body.some(assignsLoop));
}

function bodiesOf(statement: Statement): (readonly Statement[])[] {
  if (!('body' in statement)) return [];
  if (statement.type === 'for') return [statement.body, statement.otherwise];
  if (statement.type === 'if') return [statement.body, statement.elifs, statement.otherwise];
  return [statement.body];
}
