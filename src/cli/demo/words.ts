import { EARLY, LATE, type PairedSummary, type Rounds } from '../../organism/index.js';
import { estimateText, type Table, type Verdict, verdictOf } from '../../report/index.js';
import type { Estimate } from '../../statistics/index.js';

/** Puts results into sentences. An interval chooses each sentence, so no sentence claims what was not seen. */

const roundsText = ({ first, last }: Rounds): string => `rounds ${first}–${last}`;
const early = roundsText(EARLY);
const late = roundsText(LATE);

/** Returns stability early and late, and the differences between arms and over time. */
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
  above: 'Holding helps early too',
  unclear: 'No difference seen early',
  below: 'Holding costs stability early',
};

/** Says whether there was drift, whether holding helped, and what it cost. */
export function findings({ stability: { off, difference } }: PairedSummary): string[] {
  const text = (estimate: Estimate): string => estimateText(estimate, { signed: true });
  return [
    `${DRIFT[verdictOf(off.change)]}: under off, stability changes by ${text(off.change)} from ${early} to ${late}.`,
    `${LATE_EFFECT[verdictOf(difference.late)]}: in ${late}, held minus off is ${text(difference.late)}.`,
    `${EARLY_EFFECT[verdictOf(difference.early)]}: in ${early}, held minus off is ${text(difference.early)}.`,
  ];
}

/** Says how the table was made. */
export function tableNote({ dialogues, rounds }: PairedSummary): string {
  return (
    `${dialogues} other dialogues of ${rounds} rounds, with instructions that no training dialogue combined. ` +
    'Stability: the fraction of probes whose answer follows the system prompt. Brackets: 95 % intervals from a ' +
    'bootstrap over dialogues; off and held are paired: they have the same users, probes and seeds. ' +
    "The prompt's share is the mean over the heads of the three layers that see the whole dialogue; the other three see only the last 64 tokens. " +
    'A few dialogues of one tiny model show little; models/organism/soft/evaluation.md has the full evaluation.'
  );
}
