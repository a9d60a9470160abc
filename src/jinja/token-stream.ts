import { TemplateError } from './errors.js';
import type { Token } from './lexer.js';

/** The tokens of a template, read one after the other. */
export class TokenStream {
  #at = 0;

  constructor(readonly tokens: readonly Token[]) {}

  get token(): Token {
    return this.tokens[this.#at]!;
  }

  /** The token after the next one. */
  get after(): Token | undefined {
    return this.tokens[this.#at + 1];
  }

  next(): Token {
    const { token } = this;
    if (token.type !== 'eof') this.#at++;
    return token;
  }

  isName = (name: string): boolean => this.token.type === 'name' && this.token.value === name;
  isOperator = (operator: string): boolean => this.token.type === 'operator' && this.token.value === operator;
  skipName = (name: string): boolean => this.isName(name) && this.next() !== null;
  skipOperator = (operator: string): boolean => this.isOperator(operator) && this.next() !== null;

  expectName(name: string): void {
    if (!this.skipName(name)) this.failAt(`expected "${name}", found ${this.found()}`);
  }

  expectOperator(operator: string): void {
    if (!this.skipOperator(operator)) this.failAt(`expected "${operator}", found ${this.found()}`);
  }

  expectEnd(tag: '}}' | '%}'): void {
    if (this.token.type !== 'end' || this.token.value !== tag) {
      this.failAt(`expected "${tag}", found ${this.found()}`);
    }
    this.next();
  }

  requireName(): string {
    if (this.token.type !== 'name') this.failAt(`expected a name, found ${this.found()}`);
    return this.next().value;
  }

  failAt(message: string): never {
    throw new TemplateError('syntax', message, this.token.line);
  }

  /** Returns the next token, as errors name it. */
  found(): string {
    return this.token.type === 'eof' ? 'the end of the template' : `"${this.token.value}"`;
  }
}
