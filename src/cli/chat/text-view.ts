import { comparedLine, shareLine, shareTable } from '../shares/index.js';
import {
  createWordWrap,
  explain,
  type LiveLine,
  type Output,
  type Paint,
  type Style,
  showLive,
  verbosity,
  wrapWords,
} from '../terminal/index.js';
import type { Side } from './sides.js';
import type { ChatView } from './view.js';

/** The prompt of the terminal. */
export const PROMPT = '> ';

/** Headings of a comparison's two answers. */
const HEADINGS = { off: 'policy off', on: 'policy on' } as const;

/** Returns the view for people: coloured, in lines broken between words, on a terminal; plain elsewhere. Notes and errors go to stderr. */
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

  let live: LiveLine | null = null;
  const endLive = (): void => {
    live?.end();
    live = null;
  };

  const begin = (side: Side): void => {
    if (writing === side) return;
    endLine();
    if (side !== null) say(HEADINGS[side], 'bold');
    writing = side;
  };
  const columns = (): number => (stdout.columns || 80) - 1;
  const wraps = stdout.isTerminal;
  const answer = createWordWrap(columns);
  const broken = (text: string): string => (wraps ? wrapWords(text, columns()) : text);
  const endLine = (): void => {
    endLive();
    if (wraps) stdout.text(answer.flush());
    if (writing !== undefined && written !== '' && !written.endsWith('\n')) stdout.text('\n');
    writing = undefined;
    written = '';
  };
  const write = (side: Side, text: string): void => {
    endLive();
    begin(side);
    stdout.text(wraps ? answer.push(text) : text);
    written += text;
  };
  /** Writes a text in one style. */
  const say = (text: string, style: Style): void => stdout.text(`${paint(broken(text), style)}\n`);

  const reply = (text: string): void => {
    endLine();
    if (stdout.isTerminal) say(text, 'dim');
    else stderr.text(`${text}\n`);
  };

  return {
    get columns() {
      return wraps ? columns() : null;
    },
    question(text) {
      if (stdout.isTerminal) stdout.text(`${PROMPT}${text}\n`);
    },
    waiting(describe) {
      endLine();
      live = showLive(wraps ? stdout : stderr, describe);
    },
    text: write,
    answered(sides) {
      const { side, turns } = sides.at(-1)!;
      // Text that was held back because it might have become a stop string.
      const rest = turns.at(-1)!.assistant.slice(writing === side ? written.length : 0);
      if (rest !== '' || writing !== side) write(side, rest);
      endLine();
      say(sides.length === 1 ? shareLine(turns) : comparedLine(sides[0]!.turns, turns), 'dim');
      const dropped = turns.at(-1)!.dropped;
      if (dropped.length > 0) say(`the context is full: dropped turn ${dropped.join(', ')}`, 'dim');
    },
    stopped() {
      endLine();
      say('stopped: no answer was kept', 'dim');
    },
    shares(sides) {
      for (const { side, roles, turn, grid } of sides) {
        if (side !== null) say(HEADINGS[side], 'bold');
        stdout.lines(tableRows(shareTable(roles, turn, grid), paint));
      }
    },
    reply,
    note(text) {
      if (!verbosity().quiet) reply(text);
    },
    error(error) {
      endLine();
      const message = explain(error, false).message ?? '';
      stderr.text(`${stderr.paint(stderr.isTerminal ? broken(message) : message, 'red')}\n`);
    },
  };
}

function tableRows([heading = '', ...rows]: readonly string[], paint: Paint): string[] {
  return [paint(heading, 'bold'), ...rows];
}
