import type { CallArguments, Expression, Slice } from './ast.js';
import { TemplateError } from './errors.js';
import { inside, MAX_DIGITS } from './limits.js';
import { Str } from './str.js';
import { TokenStream } from './token-stream.js';
import type { Value } from './values.js';

const CONSTANTS: ReadonlyMap<string, Value> = new Map<string, Value>([
  ...(['true', 'True'] as const).map((name) => [name, true] as const),
  ...(['false', 'False'] as const).map((name) => [name, false] as const),
  ...(['none', 'None'] as const).map((name) => [name, null] as const),
]);
const NO_ARGUMENTS: CallArguments = { positional: [], named: [], spread: null, namedSpread: null };

/** How a list of expressions separated by commas is parsed. */
export interface TupleOptions {
  /** Only names and literals, as in the target of an assignment. */
  readonly simple?: boolean;
  readonly withConditional?: boolean;
  /** A name that ends the list. */
  readonly end?: string;
  /** Whether the list is in parentheses, and may be empty. */
  readonly inParentheses?: boolean;
}

function integerOf(text: string, line: number): bigint {
  const digits = text.replaceAll('_', '');
  if (digits.length <= MAX_DIGITS) return BigInt(digits);
  throw new TemplateError('syntax', `an integer of more than ${MAX_DIGITS} digits`, line);
}

/** Parses what operators stand between: names, literals, calls, items, filters and tests. */
export abstract class OperandParser extends TokenStream {
  abstract parseExpression(withConditional?: boolean): Expression;
  abstract parseTuple(options?: TupleOptions): Expression;

  /** Parses an operand. All that is in brackets, and all behind a sign, is in an operand. */
  parseUnary(withFilters: boolean): Expression {
    return inside(() => this.#parseUnary(withFilters));
  }

  #parseUnary(withFilters: boolean): Expression {
    const { line } = this.token;
    let node: Expression;
    if (this.skipOperator('-'))
      node = { type: 'unary', operator: '-', operand: this.parseUnary(false), line };
    else if (this.skipOperator('+'))
      node = { type: 'unary', operator: '+', operand: this.parseUnary(false), line };
    else node = this.parsePrimary(false);
    node = this.#parsePostfix(node);
    return withFilters ? this.#parseFiltersAndTests(node) : node;
  }

  /** @param asTarget parse `name.attribute` as one target */
  parsePrimary(asTarget: boolean): Expression {
    const { type, value, line } = this.token;
    if (type === 'name') {
      this.next();
      const constant = CONSTANTS.get(value);
      if (constant !== undefined) return { type: 'constant', value: constant, line };
      const name: Expression = { type: 'name', name: value, line };
      if (!asTarget || !this.skipOperator('.')) return name;
      return { type: 'attribute', object: name, name: this.requireName(), line };
    }
    if (type === 'string') {
      let text = '';
      while (this.token.type === 'string') text += this.next().value;
      return { type: 'constant', value: new Str(text), line };
    }
    if (type === 'integer' || type === 'float') {
      const { value: text } = this.next();
      const value = type === 'integer' ? integerOf(text, line) : Number(text.replaceAll('_', ''));
      return { type: 'constant', value, line };
    }
    if (this.skipOperator('(')) {
      const tuple = this.parseTuple({ inParentheses: true });
      this.expectOperator(')');
      return tuple;
    }
    if (this.skipOperator('[')) return { type: 'list', items: this.#parseItems(']'), line };
    if (this.skipOperator('{')) return { type: 'dict', entries: this.#parseEntries(), line };
    return this.failAt(`unexpected ${this.found()}`);
  }

  #parseItems(end: string): Expression[] {
    const items: Expression[] = [];
    while (!this.isOperator(end)) {
      if (items.length > 0) this.expectOperator(',');
      if (this.isOperator(end)) break;
      items.push(this.parseExpression());
    }
    this.next();
    return items;
  }

  #parseEntries(): (readonly [Expression, Expression])[] {
    const entries: (readonly [Expression, Expression])[] = [];
    while (!this.isOperator('}')) {
      if (entries.length > 0) this.expectOperator(',');
      if (this.isOperator('}')) break;
      const key = this.parseExpression();
      this.expectOperator(':');
      entries.push([key, this.parseExpression()]);
    }
    this.next();
    return entries;
  }

  #parsePostfix(start: Expression): Expression {
    let node = start;
    for (;;) {
      const { line } = this.token;
      if (this.skipOperator('.')) {
        const { type, value } = this.next();
        if (type === 'name') node = { type: 'attribute', object: node, name: value, line };
        else if (type === 'integer') {
          const index: Expression = { type: 'constant', value: integerOf(value, line), line };
          node = { type: 'item', object: node, index, line };
        } else throw new TemplateError('syntax', 'expected a name or a number after "."', line);
      } else if (this.skipOperator('['))
        node = { type: 'item', object: node, index: this.#parseIndex(line), line };
      else if (this.isOperator('('))
        node = { type: 'call', callee: node, args: this.#parseArguments(), line };
      else return node;
    }
  }

  #parseIndex(line: number): Expression | Slice {
    const parts: (Expression | Slice)[] = [];
    while (!this.isOperator(']')) {
      if (parts.length > 0) this.expectOperator(',');
      parts.push(this.#parseSubscript());
    }
    this.next();
    if (parts.length === 1) return parts[0]!;
    const items = parts.map((part): Expression => {
      if (part.type === 'slice')
        throw new TemplateError('unsupported', 'a slice in a tuple is not supported', line);
      return part;
    });
    return { type: 'tuple', items, line };
  }

  #parseSubscript(): Expression | Slice {
    const isBorder = (): boolean => this.isOperator(':') || this.isOperator(']') || this.isOperator(',');
    const start = this.isOperator(':') ? null : this.parseExpression();
    if (start !== null && !this.isOperator(':')) return start;
    this.next();
    const stop = isBorder() ? null : this.parseExpression();
    const step = this.skipOperator(':') && !isBorder() ? this.parseExpression() : null;
    return { type: 'slice', start, stop, step };
  }

  #parseFiltersAndTests(start: Expression): Expression {
    let node = start;
    for (;;) {
      const { line } = this.token;
      if (this.isOperator('|')) node = this.parseFilters(node)!;
      else if (this.isName('is')) node = this.#parseTest(node);
      else if (this.isOperator('('))
        node = { type: 'call', callee: node, args: this.#parseArguments(), line };
      else return node;
    }
  }

  /** @param isStarted whether the first filter is written without a bar */
  parseFilters(operand: Expression | null, isStarted = false): Expression | null {
    let node = operand;
    for (let skipsBar = isStarted; skipsBar || this.skipOperator('|'); skipsBar = false) {
      const { line } = this.token;
      const name = this.#parseDottedName();
      const args = this.isOperator('(') ? this.#parseArguments() : NO_ARGUMENTS;
      node = { type: 'filter', operand: node, name, args, line };
    }
    return node;
  }

  #parseDottedName(): string {
    let name = this.requireName();
    while (this.skipOperator('.')) name += `.${this.requireName()}`;
    return name;
  }

  #parseTest(operand: Expression): Expression {
    const { line } = this.next();
    const isNegated = this.skipName('not');
    const name = this.#parseDottedName();
    let args = NO_ARGUMENTS;
    if (this.isOperator('(')) args = this.#parseArguments();
    else if (this.#startsOperand()) {
      if (this.isName('is')) this.failAt('tests cannot be chained with "is"');
      args = { ...NO_ARGUMENTS, positional: [this.#parsePostfix(this.parsePrimary(false))] };
    }
    const test: Expression = { type: 'test', operand, name, args, line };
    return isNegated ? { type: 'unary', operator: 'not', operand: test, line } : test;
  }

  /** Whether the token can begin the argument of a test that is written without parentheses. */
  #startsOperand(): boolean {
    const { type, value } = this.token;
    if (type === 'name') return value !== 'else' && value !== 'or' && value !== 'and';
    return (
      type === 'string' ||
      type === 'integer' ||
      type === 'float' ||
      this.isOperator('[') ||
      this.isOperator('{')
    );
  }

  #parseArguments(): CallArguments {
    const positional: Expression[] = [];
    const named: (readonly [string, Expression])[] = [];
    let spread: Expression | null = null;
    let namedSpread: Expression | null = null;
    this.expectOperator('(');
    for (let isFirst = true; !this.isOperator(')'); isFirst = false) {
      if (!isFirst) this.expectOperator(',');
      if (this.isOperator(')')) break;
      const { after } = this;
      if (namedSpread !== null) this.failAt('nothing may follow a "**" argument');
      if (this.skipOperator('*')) {
        if (spread !== null) this.failAt('a call has one "*" argument at most');
        spread = this.parseExpression();
      } else if (this.skipOperator('**')) namedSpread = this.parseExpression();
      else if (this.token.type === 'name' && after?.type === 'operator' && after.value === '=') {
        const name = this.next().value;
        this.next();
        named.push([name, this.parseExpression()]);
      } else {
        if (spread !== null || named.length > 0) this.failAt('a positional argument follows a named one');
        positional.push(this.parseExpression());
      }
    }
    this.next();
    return { positional, named, spread, namedSpread };
  }
}
