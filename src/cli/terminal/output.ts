import { randomUUID } from 'node:crypto';
import { visible, visibleLine } from '../../visible.js';

/** The part of a stream that is used here. */
interface OutputStream {
  readonly isTTY?: boolean;
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

/** ANSI SGR codes that turn a style on; code 0 turns all styles off. */
const CODES = {
  bold: 1,
  dim: 2,
  underline: 4,
  red: 31,
  green: 32,
  yellow: 33,
  blue: 34,
  magenta: 35,
  cyan: 36,
} as const;
export type Style = keyof typeof CODES;

/** Returns the text in the given styles, for an {@link Output} to write. */
export type Paint = (text: string, ...styles: readonly Style[]) => string;

/**
 * An output stream of the command. Everything that a command shows goes through one, and texts may contain names from
 * files, a model's words and a server's answers. Characters in them that act on a terminal are escaped. Only styles of
 * `paint` and cursor movements of `draw` reach the terminal.
 */
export interface Output {
  readonly isTerminal: boolean;
  /** Width of the terminal in characters; undefined if unknown. */
  readonly columns: number | undefined;
  /** Whether `paint` adds styles: on a terminal, unless NO_COLOR (no-color.org) is set. */
  readonly showsColours: boolean;
  /** Adds styles to a text that this output is to write; none if it shows no colours. */
  readonly paint: Paint;
  /** Writes a text, which may have several lines. */
  text(text: string): void;
  /** Writes lines. A line break inside one is escaped: no name can pretend to be another line. */
  lines(lines: readonly string[]): void;
  /** Replaces the current line of a terminal, without styles and cut to the terminal's width. */
  draw(text: string): void;
}

/** Stands for the escape sequence of a style until the text is written. Random, so that no file can contain it. */
const SEAL = randomUUID();
const SEALED = new RegExp(`${SEAL}\\[([\\d;]+)m`, 'g');

/** Returns the output to a stream. */
export function createOutput(stream: OutputStream): Output {
  const isTerminal = stream.isTTY === true;
  const showsColours = isTerminal && (process.env.NO_COLOR ?? '') === '';
  const style = (codes: readonly number[]): string => `${SEAL}[${codes.join(';')}m`;
  /** Writes a text whose other control characters have been escaped. */
  const write = (escaped: string): void => void stream.write(escaped.replace(SEALED, '\u001b[$1m'));
  return {
    isTerminal,
    get columns() {
      return stream.columns;
    },
    showsColours,
    paint: (text, ...styles) =>
      showsColours ? `${style(styles.map((name) => CODES[name]))}${text}${style([0])}` : text,
    text: (text) => write(visible(text)),
    lines: (lines) => write(lines.map((line) => `${visibleLine(line)}\n`).join('')),
    draw: (text) => void stream.write(`\r\u001b[K${visibleLine(text).slice(0, columnsOf(stream))}`),
  };
}

/** Returns the columns that a line may fill without wrapping. A terminal of unknown width counts as 80 columns wide. */
export const columnsOf = ({ columns }: Pick<OutputStream, 'columns'>): number => (columns || 80) - 1;

/** Standard output: results only. */
export const stdout: Output = createOutput(process.stdout);

/** Standard error: notes, progress and errors. */
export const stderr: Output = createOutput(process.stderr);

/** Ends the process quietly if the reader of a pipe (`head`, a pager) closes it before everything is written. */
export function endOnClosedPipe(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(0);
      throw error;
    });
  }
}
