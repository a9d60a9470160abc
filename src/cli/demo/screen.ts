import { wrap } from '../../report/index.js';
import { type Output, type Paint, verbosity } from '../terminal/index.js';

/** The demo's output: coloured and as wide as the terminal, or plain text in a pipe. */
export interface Screen {
  /** In characters. */
  readonly width: number;
  readonly paint: Paint;
  title(text: string): void;
  /** A paragraph, wrapped. */
  text(text: string): void;
  lines(lines: readonly string[]): void;
  /** Shows a line that the next one overwrites; an empty text removes it. Does nothing in a pipe, and if the command is quiet. */
  progress(text: string): void;
}

/** Width of a pipe. */
const PLAIN_WIDTH = 80;
/** Largest width of a paragraph. */
const WIDEST_TEXT = 120;

/** Returns the screen of an output. */
export function createScreen(output: Output): Screen {
  const width = output.columns ?? PLAIN_WIDTH;
  const { paint, lines: write } = output;
  return {
    width,
    paint,
    title: (text) => write(['', paint(text, 'bold', 'underline'), '']),
    text: (text) => write(wrap(text, Math.min(width, WIDEST_TEXT))),
    lines: write,
    progress(text) {
      if (output.isTerminal && !verbosity().quiet) output.draw(text);
    },
  };
}
