import { quote } from './quote.js';

/** What is wrong with a JSON text, and where. `position` counts UTF-16 units. */
export class JsonError extends Error {
  constructor(
    readonly what: string,
    readonly position: number,
  ) {
    super(what);
  }
}

/** Deeper than any header or configuration. Keeps hostile input from exhausting the stack. */
const MAX_DEPTH = 200;

/**
 * Reads JSON token by token. Unlike `JSON.parse`, it refuses duplicate keys, gives the position of a mistake, and lets
 * the caller limit sizes before anything is allocated. Every method throws `JsonError`.
 */
export class JsonScanner {
  position = 0;

  private keys = 0;

  /** @param maxKeys limit on the keys of all objects together; each key needs more memory than its bytes */
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

  /** Returns the next character that is not white space, or the empty string at the end. */
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
    if (end >= this.text.length) this.fail('unterminated string', start);
    this.position = end + 1;
    try {
      return JSON.parse(this.text.slice(start, end + 1)) as string;
    } catch {
      return this.fail('a string has an invalid escape or control character', start);
    }
  }

  /** Reads a number without sign, fraction or exponent that JavaScript represents exactly. */
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

  /** Reads an object. Calls `onKey` for each key; it must consume the value. Refuses duplicate keys. */
  object(onKey: (key: string) => void): void {
    const seen = new Set<string>();
    this.list('{', '}', () => {
      this.skipSpace();
      const at = this.position;
      const key = this.string();
      if (seen.has(key)) this.fail(`duplicate key ${quote(key)}`, at);
      if (++this.keys > this.maxKeys) this.fail(`more than ${this.maxKeys} keys`, at);
      seen.add(key);
      this.expect(':');
      onKey(key);
    });
  }

  /** Reads an array. Calls `onItem` for each item; it must consume the item. */
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

  /** Skips a value of any kind. */
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

/** Returns the first mistake in a JSON text, with its line and column from 1; null if there is none. */
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
