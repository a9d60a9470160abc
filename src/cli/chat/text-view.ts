import type { Writable } from 'node:stream';
import {
  comparedLine,
  explain,
  type Paint,
  painter,
  printable,
  shareLine,
  shareTable,
} from '../terminal/index.js';
import type { Side } from './sides.js';
import type { ChatView } from './view.js';

interface TextStreams {
  readonly stdout: Writable & { readonly isTTY?: boolean };
  readonly stderr: Writable & { readonly isTTY?: boolean };
}

/** The prompt of the terminal. */
export const PROMPT = '> ';

/** Headings of a comparison's two answers. */
const HEADINGS = { off: 'policy off', on: 'policy on' } as const;

/** Returns the view for people: coloured on a terminal, plain elsewhere. Notes and errors go to stderr. */
export function createTextView({ stdout, stderr }: TextStreams): ChatView {
  const paint = painter(stdout);
  const paintError = painter(stderr);
  const clean = stdout.isTTY === true ? printable : (text: string) => text;
  /** The side whose answer is being written; undefined between answers. */
  let writing: Side | undefined;
  /** The part of its answer that has been written. */
  let written = '';

  const begin = (side: Side): void => {
    if (writing === side) return;
    endLine();
    if (side !== null) stdout.write(`${paint(HEADINGS[side], 'bold')}\n`);
    writing = side;
  };
  const endLine = (): void => {
    if (writing !== undefined && written !== '' && !written.endsWith('\n')) stdout.write('\n');
    writing = undefined;
    written = '';
  };
  const write = (side: Side, text: string): void => {
    begin(side);
    stdout.write(clean(text));
    written += text;
  };
  const line = (text: string): void => {
    stdout.write(`${text}\n`);
  };

  return {
    question(text) {
      if (stdout.isTTY === true) line(`${PROMPT}${clean(text)}`);
    },
    text: write,
    answered(sides) {
      const { side, turns } = sides.at(-1)!;
      // Text that was held back because it might have become a stop string.
      const rest = turns.at(-1)!.assistant.slice(writing === side ? written.length : 0);
      if (rest !== '' || writing !== side) write(side, rest);
      endLine();
      line(paint(sides.length === 1 ? shareLine(turns) : comparedLine(sides[0]!.turns, turns), 'dim'));
      const dropped = turns.at(-1)!.dropped;
      if (dropped.length > 0) line(paint(`the context is full: dropped turn ${dropped.join(', ')}`, 'dim'));
    },
    stopped() {
      endLine();
      line(paint('stopped: no answer was kept', 'dim'));
    },
    shares(sides) {
      for (const { side, roles, turn } of sides) {
        if (side !== null) line(paint(HEADINGS[side], 'bold'));
        for (const row of tableRows(shareTable(roles, turn), paint)) line(row);
      }
    },
    note(text) {
      endLine();
      (stdout.isTTY === true ? stdout : stderr).write(`${paint(text, 'dim')}\n`);
    },
    error(error) {
      endLine();
      stderr.write(`${paintError(explain(error, false).message ?? '', 'red')}\n`);
    },
  };
}

function tableRows([heading = '', ...rows]: readonly string[], paint: Paint): string[] {
  return [paint(heading, 'bold'), ...rows];
}
