import type { Output } from './output.js';
import { verbosity } from './verbosity.js';

/** A sign of life while a command works. */
export interface LiveLine {
  /** Removes the line. Call it before anything else is written. */
  end(): void;
}

const REDRAW_MS = 200;
const PAUSE_MS = 60_000;

/**
 * Shows what a function says: on a terminal in one line that is drawn again and again, elsewhere in a line a minute; not at
 * all if the command is to be quiet.
 * @param describe returns null if there is nothing to say
 */
export function showLive(output: Output, describe: () => string | null): LiveLine {
  if (verbosity().quiet) return { end() {} };
  let drawn = false;
  const clear = (): void => {
    if (drawn) output.draw('');
    drawn = false;
  };
  const show = (): void => {
    const text = describe();
    if (!output.isTerminal) {
      if (text !== null) output.lines([text]);
    } else if (text === null) clear();
    else {
      output.draw(text);
      drawn = true;
    }
  };
  const timer = setInterval(show, output.isTerminal ? REDRAW_MS : PAUSE_MS);
  timer.unref();
  return {
    end() {
      clearInterval(timer);
      clear();
    },
  };
}

/** Returns `512 of 2048 tokens, 310 tokens/s`. @param ms the time that the tokens took */
export function tokensText(done: number, total: number, ms: number): string {
  const rate = ms > 0 && done > 0 ? `, ${Math.round((1000 * done) / ms)} tokens/s` : '';
  return `${done} of ${total} tokens${rate}`;
}
