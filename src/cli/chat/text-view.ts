import { comparedLine, explain, type Output, type Paint, shareLine, shareTable } from '../terminal/index.js';
import type { Side } from './sides.js';
import type { ChatView } from './view.js';

/** The prompt of the terminal. */
export const PROMPT = '> ';

/** Headings of a comparison's two answers. */
const HEADINGS = { off: 'policy off', on: 'policy on' } as const;

/** Returns the view for people: coloured on a terminal, plain elsewhere. Notes and errors go to stderr. */
export function createTextView({
  stdout,
  stderr,
}: {
  readonly stdout: Output;
  readonly stderr: Output;
}): ChatView {
  const { paint } = stdout;
  /** The side whose answer is being written; undefined between answers. */
  let writing: Side | undefined;
  /** The part of its answer that has been written. */
  let written = '';

  const begin = (side: Side): void => {
    if (writing === side) return;
    endLine();
    if (side !== null) line(paint(HEADINGS[side], 'bold'));
    writing = side;
  };
  const endLine = (): void => {
    if (writing !== undefined && written !== '' && !written.endsWith('\n')) stdout.text('\n');
    writing = undefined;
    written = '';
  };
  const write = (side: Side, text: string): void => {
    begin(side);
    stdout.text(text);
    written += text;
  };
  const line = (text: string): void => stdout.lines([text]);

  return {
    question(text) {
      if (stdout.isTerminal) stdout.text(`${PROMPT}${text}\n`);
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
      for (const { side, roles, turn, grid } of sides) {
        if (side !== null) line(paint(HEADINGS[side], 'bold'));
        stdout.lines(tableRows(shareTable(roles, turn, grid), paint));
      }
    },
    note(text) {
      endLine();
      (stdout.isTerminal ? stdout : stderr).text(`${paint(text, 'dim')}\n`);
    },
    error(error) {
      endLine();
      stderr.text(`${stderr.paint(explain(error, false).message ?? '', 'red')}\n`);
    },
  };
}

function tableRows([heading = '', ...rows]: readonly string[], paint: Paint): string[] {
  return [paint(heading, 'bold'), ...rows];
}
