import type { Writable } from 'node:stream';
import { wrap } from '../../report/index.js';
import { drawOver, type Paint, painter } from '../terminal/index.js';

/** Where a demo is shown: coloured and as wide as the terminal, or plain in a pipe. */
export interface Screen {
  /** In characters. */
  readonly width: number;
  readonly paint: Paint;
  title(text: string): void;
  /** A paragraph, wrapped. */
  text(text: string): void;
  lines(lines: readonly string[]): void;
  /** One line that is written over; an empty one takes it away. A pipe is told nothing. */
  progress(text: string): void;
}

/** Of a pipe, and what a paragraph is at most. */
const PLAIN_WIDTH = 80;
const WIDEST_TEXT = 120;

export function createScreen(
  stdout: Writable & { readonly isTTY?: boolean; readonly columns?: number },
): Screen {
  const width = stdout.columns ?? PLAIN_WIDTH;
  const paint = painter(stdout);
  const write = (lines: readonly string[]): void => {
    stdout.write(lines.map((line) => `${line}\n`).join(''));
  };
  return {
    width,
    paint,
    title: (text) => write(['', paint(text, 'bold', 'underline'), '']),
    text: (text) => write(wrap(text, Math.min(width, WIDEST_TEXT))),
    lines: write,
    progress(text) {
      if (stdout.isTTY === true) drawOver(stdout, text);
    },
  };
}
