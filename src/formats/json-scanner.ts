import { quote } from './quote.js';

/** Where and why a text is not the JSON that was expected. `position` counts UTF-16 units. */
export class JsonError extends Error {
  constructor(
    readonly what: string,
    readonly position: number,
  ) {
    super(what);
  }
}

/** Deeper nesting than any header or configuration has; keeps hostile input from exhausting the stack. */
const MAX_DEPTH = 200;

/**
 * Reads JSON token by token, so that a caller sees what `JSON.parse` hides: duplicate keys, the position of a
 * mistake, and how much would be allocated before it is. Every method throws `JsonError`.
 */
export class JsonScanner {
  position = 0;

  private keys = 0;

  /** @param maxKeys the most keys that all objects together may have: each costs memory that no byte count shows. */
  constructor(
    private readonly text: string,
    private readonly maxKeys = Number.POSITIVE_INFINITY,
  ) {}

  fail(what: string, position = this.position): never {
    throw new JsonError(what, position);
  }

  private skipSpace(): void {
    while (this.position < this.text.length && ' \n\r\t'.includes(this.text[this.position]!)) this.position++;
  }

  /** The next character that is not white space, or the empty string at the end. */
  peek(): string {
    this.skipSpace();
    return this.text[this.position] ?? '';
  }

  private expect(character: string): void {
    if (this.peek() !== character) this.fail(`expected ${character}, found ${this.found()}`);
    this.position++;
  }

  private found(): string {
    return this.position >= this.text.length ? 'the end' : JSON.stringify(this.text[this.position]);
  }

  string(): string {
    if (this.peek() !== '"') this.fail(`expected a string, found ${this.found()}`);
    const start = this.position;
    let end = start + 1;
    while (end < this.text.length && this.text[end] !== '"') end += this.text[end] === '\\' ? 2 : 1;
    if (end >= this.text.length) this.fail('a string does not end', start);
    this.position = end + 1;
    try {
      return JSON.parse(this.text.slice(start, end + 1)) as string;
    } catch {
      return this.fail('a string has an invalid escape or control character', start);
    }
  }

  /** A number without sign, fraction or exponent that JavaScript represents exactly. */
  natural(): number {
    this.skipSpace();
    const start = this.position;
    const digits = this.match(/(?:0|[1-9]\d*)(?![\d.eE])/y);
    if (digits === null) return this.fail(`expected a whole number, found ${this.found()}`);
    const value = Number(digits);
    if (!Number.isSafeInteger(value)) this.fail(`${digits.slice(0, 24)} is larger than 2^53`, start);
    return value;
  }

  private match(pattern: RegExp): string | null {
    this.skipSpace();
    pattern.lastIndex = this.position;
    const found = pattern.exec(this.text)?.[0] ?? null;
    if (found !== null) this.position += found.length;
    return found;
  }

  /** Calls `onKey` with the scanner at each key's value, which it must consume. Duplicate keys are refused. */
  object(onKey: (key: string) => void): void {
    const seen = new Set<string>();
    this.list('{', '}', () => {
      this.skipSpace();
      const at = this.position;
      const key = this.string();
      if (seen.has(key)) this.fail(`the key ${quote(key)} stands there twice`, at);
      if (++this.keys > this.maxKeys) this.fail(`more than ${this.maxKeys} keys`, at);
      seen.add(key);
      this.expect(':');
      onKey(key);
    });
  }

  /** Calls `onItem` with the scanner at each item, which it must consume. */
  array(onItem: () => void): void {
    this.list('[', ']', onItem);
  }

  private list(open: string, close: string, onItem: () => void): void {
    this.expect(open);
    if (this.peek() === close) {
      this.position++;
      return;
    }
    for (;;) {
      onItem();
      if (this.peek() === close) break;
      if (this.peek() !== ',') this.fail(`expected , or ${close}, found ${this.found()}`);
      this.position++;
    }
    this.position++;
  }

  /** Passes over a value of any kind. */
  skip(depth = 0): void {
    if (depth > MAX_DEPTH) this.fail(`nested deeper than ${MAX_DEPTH}`);
    const next = this.peek();
    if (next === '{') this.object(() => this.skip(depth + 1));
    else if (next === '[') this.array(() => this.skip(depth + 1));
    else if (next === '"') this.string();
    else if (
      this.match(/(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.])/y) === null
    ) {
      this.fail(`expected a value, found ${this.found()}`);
    }
  }

  end(): void {
    if (this.peek() !== '') this.fail(`expected the end, found ${this.found()}`);
  }
}

/** Finds what is wrong with a text that `JSON.parse` refuses; null when nothing is. Lines and columns from 1. */
export function locateJsonError(text: string): { what: string; line: number; column: number } | null {
  const scanner = new JsonScanner(text);
  try {
    scanner.skip();
    scanner.end();
    return null;
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    const before = text.slice(0, error.position).split('\n');
    return { what: error.what, line: before.length, column: before.at(-1)!.length + 1 };
  }
}

/**
 * What is wrong with a text that `JSON.parse` refused, and where: its own message has no position in half of the cases.
 * @param cause what it threw
 */
export function whyNoJson(text: string, cause: unknown): string {
  const found = locateJsonError(text);
  return found === null ? String(cause) : `${found.what} at line ${found.line}, column ${found.column}`;
}
