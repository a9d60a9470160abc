import { EARLY, LATE, type PairedSummary, type Rounds } from '../../organism/index.js';
import { estimateText, type Table, type Verdict, verdictOf } from '../../report/index.js';
import type { Estimate } from '../../statistics/index.js';

/** What the numbers say. Every sentence is chosen by an interval: what is not seen is not said. */

const roundsText = ({ first, last }: Rounds): string => `rounds ${first}–${last}`;
const early = roundsText(EARLY);
const late = roundsText(LATE);

/** Stability early and late, and the differences between arms and over time. */
export function stabilityTable({ stability }: PairedSummary): Table {
  const { off, held, difference } = stability;
  return {
    heading: ['stability', early, late, 'late − early'],
    rows: [
      ['off', estimateText(off.early), estimateText(off.late), estimateText(off.change, { signed: true })],
      [
        'held',
        estimateText(held.early),
        estimateText(held.late),
        estimateText(held.change, { signed: true }),
      ],
      [
        'held − off',
        ...[difference.early, difference.late, difference.change].map((cell) =>
          estimateText(cell, { signed: true }),
        ),
      ],
    ],
  };
}

const DRIFT: Readonly<Record<Verdict, string>> = {
  below: 'Drift',
  unclear: 'No drift seen',
  above: 'The opposite of drift',
};
const LATE_EFFECT: Readonly<Record<Verdict, string>> = {
  above: 'Holding helps late',
  unclear: 'No difference seen late',
  below: 'Holding harms late',
};
const EARLY_EFFECT: Readonly<Record<Verdict, string>> = {
  above: 'It helps early too',
  unclear: 'No difference seen early',
  below: 'It costs something early',
};

/** Whether there was drift, whether holding helped, and what it cost. */
export function findings({ stability: { off, difference } }: PairedSummary): string[] {
  const text = (estimate: Estimate): string => estimateText(estimate, { signed: true });
  return [
    `${DRIFT[verdictOf(off.change)]}: off, stability changes by ${text(off.change)} from ${early} to ${late}.`,
    `${LATE_EFFECT[verdictOf(difference.late)]}: in ${late}, held less off is ${text(difference.late)}.`,
    `${EARLY_EFFECT[verdictOf(difference.early)]}: in ${early}, held less off is ${text(difference.early)}.`,
  ];
}

/** How the table came about, in one sentence or two. */
export function tableNote({ dialogues, rounds }: PairedSummary): string {
  return (
    `${dialogues} other dialogues of ${rounds} rounds, with instructions that no training dialogue combined. ` +
    'Stability: the fraction of probes that are answered as the system prompt says. In brackets 95 % intervals from a ' +
    'bootstrap over dialogues; off and held are paired: the same users, probes and seeds. ' +
    "The prompt's share is the mean over all layers and heads; half of the layers see only the last 64 tokens. " +
    'What so few dialogues of one tiny model cannot tell, models/organism/soft/evaluation.md does.'
  );
}
