import { referenceText } from '../influence/index.js';
import { domainFromZero, type Series, smallMultiplesSpec, specOf } from '../report/index.js';
import type { SliceAnalysis } from './analysis.js';
import { BANDS, pointsOf, type ReportFigure, TOGETHER } from './figure-parts.js';
import { frontFigure } from './front-figure.js';
import type { ArmInfluence } from './influence.js';
import { roundsText } from './rounds-text.js';
import type { ReportedSpec } from './study-result.js';

/** Returns the figures of the prompt's influence; none if it was not measured. */
export function influenceFigures(
  analysis: SliceAnalysis,
  spec: ReportedSpec,
  source: string,
): (ReportFigure | null)[] {
  return [courseFigure(analysis, source), influenceFront(analysis, spec, source)];
}

/** Draws influence by round under every arm: beside every reference if one plot has room for the arms, else the first. */
function courseFigure({ influence, slice }: SliceAnalysis, source: string): ReportFigure | null {
  if (influence === null) return null;
  const references = [...new Set(influence.arms.map(({ reference }) => reference))];
  const besides = references.map((reference) => ({
    reference,
    arms: influence.arms.filter((arm) => arm.reference === reference),
  }));
  const first = besides[0]!;
  const title = "The prompt's influence, round by round";
  const series = ({ name, rounds }: ArmInfluence): Series => ({
    name,
    points: pointsOf(rounds),
  });
  const domainOf = (arms: readonly ArmInfluence[]): readonly [number, number] =>
    domainFromZero(arms.flatMap((arm) => series(arm).points));
  const what = 'KL divergence of the next-token distribution from that with another prompt';
  if (first.arms.length <= TOGETHER) {
    const panels = besides.map(({ reference, arms }) => ({
      title: `Nats a token, beside ${referenceText(reference)}`,
      domain: domainOf(arms),
      height: 200,
      series: arms.map(series),
    }));
    return {
      name: 'influence',
      caption: `${what}, on the same answers for all arms. ${BANDS}.`,
      spec: (look) => specOf({ title, subtitle: BANDS, x: 'round of the dialogue', panels, source }, look),
    };
  }
  const baseline = first.arms.find(({ name }) => name === slice.baseline);
  const drawn = {
    title,
    subtitle: `Beside ${referenceText(first.reference)}${baseline === undefined ? '' : `; each arm against ${baseline.name}`}. ${BANDS}`,
    x: 'round',
    y: 'nats a token',
    domain: domainOf(first.arms),
    panels: first.arms
      .filter((arm) => arm !== baseline)
      .map((arm) => ({
        title: arm.name,
        series: [...(baseline === undefined ? [] : [series(baseline)]), { ...series(arm), name: 'this arm' }],
      })),
    source,
  };
  return {
    name: 'influence',
    caption: `${what} (${referenceText(first.reference)}), on the same answers for all arms. ${BANDS}.`,
    spec: (look) => smallMultiplesSpec(drawn, look),
  };
}

/** Draws late influence against KL divergence; null for fewer than two arms with both. */
function influenceFront(
  { influence, slice: { baseline } }: SliceAnalysis,
  { late }: ReportedSpec,
  source: string,
): ReportFigure | null {
  if (influence === null) return null;
  const beside = referenceText(influence.arms[0]!.reference);
  return frontFigure(influence.trades, {
    ...{ baseline, source },
    name: 'influence-front',
    caption: `The prompt's influence in ${roundsText(late)}, beside ${beside}, against the KL divergence of the arm's next-token distribution from the untouched model's on held-out dialogues. A policy that only sharpens or blurs what the model says also has a cost: more influence at the same cost is better aimed.`,
    title: 'Influence against cost',
    benefit: `influence in ${roundsText(late)}, nats a token`,
  });
}
