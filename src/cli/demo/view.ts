import type { PairedSummary, TrialArmCourse } from '../../organism/index.js';
import { type ColumnLine, sideBySide, textChart, textTable, wrap } from '../../report/index.js';
import { visible } from '../../visible.js';
import { shareText } from '../shares/index.js';
import type { Paint, Style } from '../terminal/index.js';
import { type DialogueRound, type DialogueSide, type InstructionState, isLost } from './dialogue.js';
import { findings, stabilityTable, tableNote } from './words.js';

/** The demo's output as lines, for a terminal or a pipe. */

/** Terminals of at least this width show two columns; narrower ones show one answer below the other. */
const TWO_COLUMNS = 100;
const WIDEST = 150;
const NARROWEST = 40;

const INDENT = '  ';

/**
 * Returns a round as lines.
 * @param width of the terminal, in characters
 */
export function roundLines(round: DialogueRound, width: number, paint: Paint): string[] {
  const room = Math.min(Math.max(width, NARROWEST), WIDEST);
  const heading = wrap(`${round.number}  ${visible(round.user)}`, room).map((line) => paint(line, 'bold'));
  if (width >= TWO_COLUMNS) {
    const column = Math.floor((room - INDENT.length - 3) / 2);
    const rows = sideBySide(
      sideLines(round.off, column, paint),
      sideLines(round.held, column, paint),
      column,
    );
    return [...heading, ...rows.map((row) => INDENT + row), ''];
  }
  const stacked = (name: string, side: DialogueSide): string[] => [
    `${INDENT}${paint(name, 'underline')}`,
    ...sideLines(side, room - 2 * INDENT.length, paint).map(
      ({ text, paint: colour = (same) => same }) => INDENT + INDENT + colour(text),
    ),
  ];
  return [...heading, ...stacked('off', round.off), ...stacked('held', round.held), ''];
}

/** Returns the headings of the two columns; none if the terminal is too narrow for columns. */
export function columnHeading(width: number, paint: Paint): string[] {
  if (width < TWO_COLUMNS) return [];
  const column = Math.floor((Math.min(width, WIDEST) - INDENT.length - 3) / 2);
  const name = (text: string): ColumnLine[] => [{ text, paint: (said) => paint(said, 'underline') }];
  return sideBySide(name('off'), name('held'), column).map((row) => INDENT + row);
}

function sideLines(side: DialogueSide, width: number, paint: Paint): ColumnLine[] {
  const lines = (text: string, ...styles: Style[]): ColumnLine[] =>
    wrap(text, width).map((line) => ({ text: line, paint: (said) => paint(said, ...styles) }));
  const probeLines = ({ question, answer }: NonNullable<InstructionState['probe']>): ColumnLine[] =>
    wrap(`asked "${question}": "${visible(answer)}"`, width - 2).map((line) => ({
      text: `  ${line}`,
      paint: (said) => paint(said, 'red'),
    }));
  return [
    ...wrap(visible(side.answer), width).map((text) => ({ text })),
    ...lines(`prompt ${shareText(side.share)}`, 'dim'),
    ...side.instructions.flatMap(({ text, kept, probe }) => [
      ...(kept ? lines(`✓ ${text}`, 'green') : lines(`✗ LOST ${text}`, 'red', 'bold')),
      ...(probe === null ? [] : probeLines(probe)),
    ]),
  ];
}

/** Returns a sentence with the number of rounds in which an instruction was lost. */
export function lostLine(rounds: readonly DialogueRound[]): string {
  const lost = (side: 'off' | 'held'): number => rounds.filter((round) => isLost(round[side])).length;
  return `Rounds in which an instruction was lost: off ${lost('off')} of ${rounds.length}, held ${lost('held')} of ${rounds.length}.`;
}

/** Returns the summary as lines: table, findings and charts. */
export function pairLines(summary: PairedSummary, width: number, paint: Paint): string[] {
  const [heading = '', ...rows] = textTable(stabilityTable(summary));
  const { off, held } = summary.courses;
  const colour = (text: string, series: number): string => paint(text, series === 0 ? 'yellow' : 'cyan');
  const chart = (title: string, kind: keyof TrialArmCourse, highest: number): string[] => {
    const series = [
      { name: 'off', points: off[kind] },
      { name: 'held', points: held[kind] },
    ];
    const [first = '', ...others] = textChart({ title, x: 'round', domain: [0, highest], series }, colour);
    return [paint(first, 'bold'), ...others, ''];
  };
  return [
    paint(heading, 'bold'),
    ...rows,
    '',
    ...findings(summary).flatMap((line) => wrap(line, Math.min(width, WIDEST))),
    '',
    ...wrap(tableNote(summary), Math.min(width, WIDEST)).map((line) => paint(line, 'dim')),
    '',
    ...chart('Stability', 'stability', 1),
    ...chart("The prompt's share of attention", 'share', highestShare(summary)),
  ];
}

/** Returns the end of the share axis: the largest share, rounded up to a tenth. */
export function highestShare({ courses: { off, held } }: PairedSummary): number {
  const values = [...off.share, ...held.share].map(({ high }) => high);
  return Math.ceil(Math.max(...values) * 10) / 10;
}
