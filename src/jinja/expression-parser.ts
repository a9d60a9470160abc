import type { BinaryOperator, CompareOperator, Comparison, Expression } from './ast.js';
import { inside } from './limits.js';
import { OperandParser, type TupleOptions } from './operand-parser.js';

const COMPARISONS: ReadonlySet<string> = new Set(['==', '!=', '<', '<=', '>', '>=']);

/** Parses the expressions of a template. The grammar is Jinja's. */
export class ExpressionParser extends OperandParser {
  parseExpression(withConditional = true): Expression {
    return withConditional ? this.#parseConditional() : this.#parseOr();
  }

  parseTuple({ simple, withConditional = true, end, inParentheses }: TupleOptions = {}): Expression {
    let { line } = this.token;
    const items: Expression[] = [];
    let isTuple = false;
    for (;;) {
      if (items.length > 0) this.expectOperator(',');
      const isEnd =
        this.token.type === 'end' || this.isOperator(')') || (end !== undefined && this.isName(end));
      if (isEnd) break;
      items.push(simple === true ? this.parsePrimary(true) : this.parseExpression(withConditional));
      if (!this.isOperator(',')) break;
      isTuple = true;
      line = this.token.line;
    }
    if (!isTuple && items.length > 0) return items[0]!;
    if (!isTuple && inParentheses !== true) this.failAt(`expected an expression, found ${this.found()}`);
    return { type: 'tuple', items, line };
  }

  #parseConditional(): Expression {
    let { line } = this.token;
    let expression = this.#parseOr();
    while (this.skipName('if')) {
      const test = this.#parseOr();
      const otherwise = this.skipName('else') ? inside(() => this.#parseConditional()) : null;
      expression = { type: 'conditional', test, value: expression, otherwise, line };
      line = this.token.line;
    }
    return expression;
  }

  #parseOr(): Expression {
    return this.#parseBinary(['or'], () => this.#parseBinary(['and'], () => this.#parseNot()));
  }

  /** Parses operators of one precedence, from left to right. */
  #parseBinary(operators: readonly BinaryOperator[], parseOperand: () => Expression): Expression {
    let left = parseOperand();
    for (;;) {
      const { type, value, line } = this.token;
      const operator = operators.find((candidate) => candidate === value);
      if (operator === undefined || (type !== 'operator' && type !== 'name')) return left;
      this.next();
      left = { type: 'binary', operator, left, right: parseOperand(), line };
    }
  }

  #parseNot(): Expression {
    const { line } = this.token;
    return this.skipName('not')
      ? { type: 'unary', operator: 'not', operand: inside(() => this.#parseNot()), line }
      : this.#parseCompare();
  }

  #parseCompare(): Expression {
    const { line } = this.token;
    const first = this.#parseSum();
    const rest: Comparison[] = [];
    for (;;) {
      const operator = this.#parseCompareOperator();
      if (operator === null) break;
      rest.push({ operator, operand: this.#parseSum() });
    }
    return rest.length === 0 ? first : { type: 'compare', first, rest, line };
  }

  #parseCompareOperator(): CompareOperator | null {
    if (this.token.type === 'operator' && COMPARISONS.has(this.token.value)) {
      return this.next().value as CompareOperator;
    }
    if (this.skipName('in')) return 'in';
    const { after } = this;
    if (!this.isName('not') || after?.type !== 'name' || after.value !== 'in') return null;
    this.next();
    this.next();
    return 'not in';
  }

  #parseSum(): Expression {
    return this.#parseBinary(['+', '-'], () => this.#parseConcat());
  }

  #parseConcat(): Expression {
    const { line } = this.token;
    const items = [this.#parseProduct()];
    while (this.skipOperator('~')) items.push(this.#parseProduct());
    return items.length === 1 ? items[0]! : { type: 'concat', items, line };
  }

  #parseProduct(): Expression {
    return this.#parseBinary(['*', '/', '//', '%'], () =>
      this.#parseBinary(['**'], () => this.parseUnary(true)),
    );
  }
}
