import { type Series, smallMultiplesSpec, specOf } from '../report/index.js';
import type { SliceAnalysis } from './analysis.js';
import { lossText } from './comparison-words.js';
import { BANDS, pointsOf, type ReportFigure, TOGETHER } from './figure-parts.js';
import { CERTAIN } from './front.js';
import { frontFigure } from './front-figure.js';
import { roundsText } from './rounds-text.js';
import type { ReportedSpec } from './study-result.js';
import type { Survival } from './survival.js';

/** Draws the fraction of dialogues that have not lost the prompt, as steps; null if nothing was judged. */
export function survivalFigure({ survival, slice }: SliceAnalysis, source: string): ReportFigure | null {
  const first = survival[0];
  if (first === undefined) return null;
  const baseline = survival.find(({ name }) => name === slice.baseline) ?? null;
  const start = { x: 0, value: 1, low: 1, high: 1 };
  const series = ({ name, rounds }: Survival): Series => ({
    name,
    points: [start, ...pointsOf(rounds)],
  });
  const title = 'Dialogues that have not lost the prompt';
  const caption = `The fraction of dialogues that have not lost the prompt (Kaplan–Meier). A dialogue loses it in ${lossText(first.outcome)}. ${BANDS}.`;
  if (survival.length <= TOGETHER) {
    const panels = [
      { title: 'Fraction, 0 to 1', domain: [0, 1] as const, height: 230, series: survival.map(series) },
    ];
    const drawn = { title, subtitle: BANDS, x: 'round of the dialogue', steps: true, panels, source };
    return { name: 'survival', caption, spec: (look) => specOf(drawn, look) };
  }
  const drawn = {
    title,
    subtitle: baseline === null ? BANDS : `Each arm against ${baseline.name}. ${BANDS}`,
    x: 'round',
    y: 'fraction',
    domain: [0, 1] as const,
    steps: true,
    panels: survival
      .filter((each) => each !== baseline)
      .map((each) => ({
        title: each.name,
        series: [...(baseline === null ? [] : [series(baseline)]), { ...series(each), name: 'this arm' }],
      })),
    source,
  };
  return { name: 'survival', caption, spec: (look) => smallMultiplesSpec(drawn, look) };
}

/** Draws late stability against KL divergence; null for fewer than two arms with both. */
export function stabilityFront(
  { trades, slice: { baseline } }: SliceAnalysis,
  { late }: ReportedSpec,
  source: string,
): ReportFigure | null {
  const sure = Math.round(100 * CERTAIN);
  return frontFigure(trades, {
    ...{ baseline, source },
    name: 'front',
    caption: `Up is more stable, left is cheaper. Filled circles are on the Pareto front in at least ${sure} of 100 resamples of dialogues and held-out items: no other arm is at least as stable at the same or lower cost. Hollow squares are on it in at most ${100 - sure}; pale circles are uncertain. Triangles are controls, pale or filled in the same way. ${baseline} is orange.`,
    title: 'Stability against cost',
    benefit: `stability in ${roundsText(late)}`,
  });
}
