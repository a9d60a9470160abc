import { graphemesOf, graphemeWidth } from '../../src/cli/terminal/text-width.js';

/** A terminal that keeps what is on its screen, and what has scrolled off. Knows the sequences that the editor sends. */
export class FakeTerminal {
  #lines: string[][] = [[]];
  #row = 0;
  #column = 0;

  constructor(
    public columns: number,
    public rows: number,
  ) {}

  /** All lines, those that have scrolled off first, without the spaces at their ends. */
  get text(): string {
    return this.#lines
      .map((line) =>
        Array.from(line, (cell) => cell ?? ' ')
          .join('')
          .trimEnd(),
      )
      .join('\n')
      .trimEnd();
  }

  /** What is left of the cursor in its line, and its row from the first line. */
  get cursor(): { readonly row: number; readonly column: number } {
    return { row: this.#row, column: this.#column };
  }

  write(text: string): void {
    let rest = text;
    while (rest !== '') {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: this is a terminal
      const sequence = /^\u001b\[(\??\d*)([A-Za-z])/.exec(rest);
      if (sequence !== null) {
        this.#act(sequence[2]!, Number(sequence[1]));
        rest = rest.slice(sequence[0].length);
        continue;
      }
      const grapheme = /^\r\n/.test(rest) ? '\r' : graphemesOf(rest.slice(0, 40))[0]!;
      this.#put(grapheme);
      rest = rest.slice(grapheme.length);
    }
  }

  #act(name: string, count: number): void {
    const top = Math.max(0, this.#lines.length - this.rows);
    if (name === 'A') this.#row = Math.max(top, this.#row - count);
    else if (name === 'C') this.#column += count;
    else if (name === 'J') {
      this.#lines.length = this.#row + 1;
      this.#lines[this.#row]!.length = Math.min(this.#column, this.#lines[this.#row]!.length);
    } else throw new Error(`not known: ${name}`);
  }

  #put(grapheme: string): void {
    if (grapheme === '\r') this.#column = 0;
    else if (grapheme === '\n') this.#down();
    else {
      const width = graphemeWidth(grapheme);
      if (this.#column + width > this.columns) {
        this.#column = 0;
        this.#down();
      }
      const line = this.#lines[this.#row]!;
      while (line.length < this.#column) line.push(' ');
      line[this.#column] = grapheme;
      if (width === 2) line[this.#column + 1] = '';
      this.#column += width;
    }
  }

  #down(): void {
    this.#row++;
    this.#lines[this.#row] ??= [];
  }
}
