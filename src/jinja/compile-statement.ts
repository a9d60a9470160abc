import { compileTarget } from './assign.js';
import type { Statement } from './ast.js';
import { truth } from './comparison.js';
import { compileExpression, compileFilter } from './compile-expression.js';
import { compileFor } from './compile-for.js';
import { compileCallBlock, compileMacro } from './compile-macro.js';
import { TemplateError } from './errors.js';
import type { Frame } from './frame.js';
import { countCharacters, countSteps } from './limits.js';
import { str } from './repr.js';
import { compileInner, type Execute, enter, type Scope } from './scope.js';
import { type Str, StrBuilder } from './str.js';
import { Symbols } from './symbols.js';
import { requireStr, type Value } from './values.js';

/** Compiles statements to one function. */
export function compileBody(body: readonly Statement[], scope: Scope): Execute {
  const statements = body.map((statement) => compileStatement(statement, scope));
  if (statements.length === 1) return statements[0]!;
  return (frame, out) => {
    for (const statement of statements) {
      const ending = statement(frame, out);
      if (ending !== undefined) return ending;
    }
    return undefined;
  };
}

/** Compiles a statement. It counts as a step. */
function compileStatement(statement: Statement, scope: Scope): Execute {
  const execute = compileUncounted(statement, scope);
  return (frame, out) => {
    countSteps(1);
    return execute(frame, out);
  };
}

function compileUncounted(statement: Statement, scope: Scope): Execute {
  const { line } = statement;
  switch (statement.type) {
    case 'text': {
      const { text } = statement;
      return (_, out) => {
        countCharacters(text.length);
        return void out.addText(text);
      };
    }
    case 'output': {
      const evaluate = compileExpression(statement.expression, scope);
      return (frame, out) => {
        frame.run.line = line;
        const value = evaluate(frame);
        out.add(str(value));
        return undefined;
      };
    }
    case 'if': {
      const soft = { ...scope, isConditional: true };
      const branches = [statement, ...statement.elifs].map(({ test, body }) => ({
        test: compileExpression(test, soft),
        body: compileBody(body, soft),
      }));
      const otherwise = compileBody(statement.otherwise, soft);
      return (frame, out) => {
        for (const { test, body } of branches) {
          countSteps(1);
          if (truth(test(frame))) return body(frame, out);
        }
        return otherwise(frame, out);
      };
    }
    case 'set': {
      const value = compileExpression(statement.value, scope);
      const assign = compileTarget(statement.target, scope.symbols);
      return (frame) => {
        const assigned = value(frame);
        frame.run.line = line;
        return void assign(frame, assigned);
      };
    }
    case 'set block': {
      const { symbols, execute } = compileInner(statement.body, scope, compileBody);
      const assign = compileTarget(statement.target, scope.symbols);
      const filter =
        statement.filter === null
          ? null
          : compileBlockFilter(statement.filter, { symbols, isConditional: false });
      return (frame) => {
        const inner = enter(symbols, frame);
        const text = new StrBuilder();
        const ending = execute(inner, text);
        if (ending !== undefined) return ending;
        return void assign(frame, filter === null ? text.build() : filter(inner, text.build()));
      };
    }
    case 'filter block': {
      const symbols = new Symbols(scope.symbols);
      symbols.readBody(statement.body);
      symbols.readExpression(statement.filter);
      const inner = { symbols, isConditional: false };
      const execute = compileBody(statement.body, inner);
      const filter = compileBlockFilter(statement.filter, inner);
      return (frame, out) => {
        const entered = enter(symbols, frame);
        const text = new StrBuilder();
        const ending = execute(entered, text);
        if (ending !== undefined) return ending;
        return void out.add(requireStr(filter(entered, text.build()), 'the result of a filter block'));
      };
    }
    case 'with': {
      const symbols = new Symbols(scope.symbols);
      for (const target of statement.targets) symbols.readTarget(target, true);
      symbols.readBody(statement.body);
      const values = statement.values.map((value) => compileExpression(value, scope));
      const targets = statement.targets.map((target) => compileTarget(target, symbols));
      const execute = compileBody(statement.body, { symbols, isConditional: false });
      return (frame, out) => {
        const inner = enter(symbols, frame);
        countSteps(values.length);
        for (const [i, value] of values.entries()) targets[i]!(inner, value(frame));
        return execute(inner, out);
      };
    }
    case 'for':
      return compileFor(statement, scope, compileBody);
    case 'macro': {
      const make = compileMacro(statement, statement.name, scope, compileBody);
      const assign = compileTarget({ type: 'name', name: statement.name, line }, scope.symbols);
      return (frame) => void assign(frame, make(frame));
    }
    case 'call block':
      return compileCallBlock(statement, scope, compileBody);
    case 'generation': {
      const { symbols, execute } = compileInner(statement.body, scope, compileBody);
      return (frame, out) => execute(enter(symbols, frame), out);
    }
    case 'break':
    case 'continue':
      return () => statement.type;
  }
}

/** Compiles the filters of a block: the innermost takes the block's text. */
function compileBlockFilter(
  expression: Parameters<typeof compileExpression>[0],
  scope: Scope,
): (frame: Frame, text: Str) => Value {
  if (expression.type !== 'filter') throw new TemplateError('syntax', 'expected a filter', expression.line);
  if (expression.operand === null) return compileFilter(expression, null, scope);
  const inner = compileBlockFilter(expression.operand, scope);
  const outer = compileFilter(expression, null, scope);
  return (frame, text) => outer(frame, inner(frame, text));
}
