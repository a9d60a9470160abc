import type { CallExpression, Expression, IfStatement, Parameter, Statement, Target } from './ast.js';
import { TemplateError } from './errors.js';
import { ExpressionParser } from './expression-parser.js';
import { tokenize } from './lexer.js';
import { inside } from './limits.js';

/** Tags of Jinja that need other templates, or that chat templates have no use for. */
const UNSUPPORTED_TAGS: ReadonlySet<string> = new Set([
  ...['include', 'import', 'from', 'extends', 'block', 'autoescape'],
]);

/**
 * Parses a template.
 * @throws TemplateError `syntax` or `unsupported`
 */
export function parseTemplate(source: string): readonly Statement[] {
  return new TemplateParser(tokenize(source)).parseTemplate();
}

class TemplateParser extends ExpressionParser {
  /** The number of loops around the current statement that a `break` here can leave. */
  #loops = 0;

  parseTemplate(): Statement[] {
    const body = this.#parseBody([]);
    if (this.token.type !== 'eof') this.failAt(`unexpected tag "${this.token.value}"`);
    return body;
  }

  /** Parses up to a tag with one of these names, and stops at the name. */
  #parseBody(ends: readonly string[]): Statement[] {
    const body: Statement[] = [];
    for (;;) {
      const { type, value, line } = this.token;
      if (type === 'eof') {
        if (ends.length > 0) this.failAt(`the template ends without "${ends.join('" or "')}"`);
        return body;
      }
      this.next();
      if (type === 'data') body.push({ type: 'text', text: value, line });
      else if (value === '{{') {
        const expression = this.parseTuple();
        body.push({ type: 'output', expression, line });
        this.expectEnd('}}');
      } else {
        if (ends.some((end) => this.isName(end))) return body;
        body.push(...inside(() => this.#parseStatement()));
        this.expectEnd('%}');
      }
    }
  }

  /** Parses the body of a statement and the tag that ends it. Returns the body and the name of that tag. */
  #parseBlock(...ends: string[]): { readonly body: Statement[]; readonly end: string } {
    this.skipOperator(':');
    this.expectEnd('%}');
    const body = this.#parseBody(ends);
    return { body, end: this.next().value };
  }

  /** Parses a body that a `break` cannot leave. */
  #parseClosedBlock(end: string): Statement[] {
    const loops = this.#loops;
    this.#loops = 0;
    const { body } = this.#parseBlock(end);
    this.#loops = loops;
    return body;
  }

  #parseStatement(): Statement[] {
    const { value: tag, line, type } = this.token;
    if (type !== 'name') this.failAt('a tag begins with a name');
    if (UNSUPPORTED_TAGS.has(tag)) {
      throw new TemplateError('unsupported', `the tag "${tag}" is not supported`, line);
    }
    const parse = this.#statements.get(tag);
    if (parse === undefined) return this.failAt(`unknown tag "${tag}"`);
    this.next();
    return parse(line);
  }

  readonly #statements: ReadonlyMap<string, (line: number) => Statement[]> = new Map([
    ['for', (line) => [this.#parseFor(line)]],
    ['if', (line) => [this.#parseIf(line)]],
    ['set', (line) => [this.#parseSet(line)]],
    ['macro', (line) => [this.#parseMacro(line)]],
    ['call', (line) => [this.#parseCall(line)]],
    ['filter', (line) => [this.#parseFilterBlock(line)]],
    ['with', (line) => [this.#parseWith(line)]],
    ['print', (line) => this.#parsePrint(line)],
    ['generation', (line) => [{ type: 'generation', body: this.#parseClosedBlock('endgeneration'), line }]],
    ['break', (line) => [this.#parseJump('break', line)]],
    ['continue', (line) => [this.#parseJump('continue', line)]],
  ] satisfies (readonly [string, (line: number) => Statement[]])[]);

  #parseJump(type: 'break' | 'continue', line: number): Statement {
    if (this.#loops === 0) throw new TemplateError('syntax', `"${type}" outside a loop`, line);
    return { type, line };
  }

  #parseFor(line: number): Statement {
    const target = this.#parseTarget('in');
    this.expectName('in');
    const iterable = this.parseTuple({ withConditional: false, end: 'recursive' });
    const test = this.skipName('if') ? this.parseExpression() : null;
    const isRecursive = this.skipName('recursive');
    const loops = this.#loops;
    this.#loops = isRecursive ? 1 : loops + 1;
    const { body, end } = this.#parseBlock('endfor', 'else');
    this.#loops = isRecursive ? 0 : loops;
    const otherwise = end === 'else' ? this.#parseBlock('endfor').body : [];
    this.#loops = loops;
    return { type: 'for', target, iterable, test, isRecursive, body, otherwise, line };
  }

  #parseIf(line: number): Statement {
    const branches: { test: Expression; body: Statement[]; line: number }[] = [];
    let otherwise: Statement[] = [];
    for (;;) {
      const at = this.token.line;
      const test = this.parseTuple({ withConditional: false });
      const { body, end } = this.#parseBlock('elif', 'else', 'endif');
      branches.push({ test, body, line: at });
      if (end === 'elif') continue;
      if (end === 'else') otherwise = this.#parseBlock('endif').body;
      break;
    }
    const [first, ...rest] = branches.map(
      (branch): IfStatement => ({ type: 'if', elifs: [], otherwise: [], ...branch }),
    );
    return { ...first!, elifs: rest, otherwise, line };
  }

  #parseSet(line: number): Statement {
    const target = this.#parseTarget();
    if (this.skipOperator('=')) return { type: 'set', target, value: this.parseTuple(), line };
    const filter = this.parseFilters(null);
    return { type: 'set block', target, filter, body: this.#parseBlock('endset').body, line };
  }

  #parseMacro(line: number): Statement {
    const name = this.#parseNameTarget();
    const parameters = this.#parseParameters();
    return { type: 'macro', name, parameters, body: this.#parseClosedBlock('endmacro'), line };
  }

  #parseCall(line: number): Statement {
    const parameters = this.isOperator('(') ? this.#parseParameters() : [];
    const call = this.parseExpression();
    if (!isCall(call)) throw new TemplateError('syntax', '"call" needs a call', line);
    return { type: 'call block', parameters, call, body: this.#parseClosedBlock('endcall'), line };
  }

  #parseFilterBlock(line: number): Statement {
    const filter = this.parseFilters(null, true)!;
    return { type: 'filter block', filter, body: this.#parseBlock('endfilter').body, line };
  }

  #parseWith(line: number): Statement {
    const targets: Target[] = [];
    const values: Expression[] = [];
    while (this.token.type !== 'end') {
      if (targets.length > 0) this.expectOperator(',');
      targets.push(this.#parseTarget());
      this.expectOperator('=');
      values.push(this.parseExpression());
    }
    return { type: 'with', targets, values, body: this.#parseBlock('endwith').body, line };
  }

  #parsePrint(line: number): Statement[] {
    const printed: Statement[] = [];
    while (this.token.type !== 'end') {
      if (printed.length > 0) this.expectOperator(',');
      printed.push({ type: 'output', expression: this.parseExpression(), line });
    }
    return printed;
  }

  #parseParameters(): Parameter[] {
    const parameters: Parameter[] = [];
    this.expectOperator('(');
    while (!this.isOperator(')')) {
      if (parameters.length > 0) this.expectOperator(',');
      const name = this.#parseNameTarget();
      const value = this.skipOperator('=') ? this.parseExpression() : null;
      if (value === null && parameters.at(-1)?.default) {
        this.failAt('a parameter without a default follows one that has a default');
      }
      parameters.push({ name, default: value });
    }
    this.next();
    return parameters;
  }

  /** @param end the name that ends the target */
  #parseTarget(end?: string): Target {
    return this.#asTarget(
      this.parseTuple({ simple: true, ...(end === undefined ? {} : { end }) }),
      end === undefined,
    );
  }

  #parseNameTarget(): string {
    const { line } = this.token;
    return this.#assignable(this.requireName(), line);
  }

  #asTarget(expression: Expression, allowsNamespace: boolean): Target {
    const { line } = expression;
    if (expression.type === 'name')
      return { type: 'name', name: this.#assignable(expression.name, line), line };
    if (expression.type === 'tuple') {
      return {
        type: 'tuple',
        items: expression.items.map((item) => this.#asTarget(item, allowsNamespace)),
        line,
      };
    }
    if (allowsNamespace && expression.type === 'attribute' && expression.object.type === 'name') {
      return { type: 'namespace', name: expression.object.name, attribute: expression.name, line };
    }
    throw new TemplateError('syntax', `cannot assign to a ${expression.type}`, line);
  }

  #assignable(name: string, line: number): string {
    if (/^([tT]rue|[fF]alse|[nN]one)$/.test(name)) {
      throw new TemplateError('syntax', `cannot assign to "${name}"`, line);
    }
    return name;
  }
}

const isCall = (expression: Expression): expression is { line: number } & CallExpression =>
  expression.type === 'call';
