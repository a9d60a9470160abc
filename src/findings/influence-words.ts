import { referenceText } from '../influence/index.js';
import { estimateText, verdictOf } from '../report/index.js';
import type { SliceAnalysis } from './analysis.js';
import { pText, whyUntold } from './effect-words.js';
import type { ArmInfluence, InfluenceEffect } from './influence.js';
import { roundsText } from './rounds-text.js';
import type { ReportedSpec } from './study-result.js';

const SIGNIFICANT = 0.05;

/** Returns a difference of influence in a few words. Its interval and its tests choose them. */
export function influenceVerdict({ difference, pHolm, clusters }: InfluenceEffect): string {
  if (Number.isNaN(difference.low)) return `cannot be told: ${whyUntold(clusters)}`;
  const side = verdictOf(difference);
  if (side === 'unclear') {
    const most = Math.max(Math.abs(difference.low), Math.abs(difference.high));
    return `no effect seen, at most ${(Math.ceil(most * 1000) / 1000).toFixed(3)}`;
  }
  const more = side === 'above' ? 'more' : 'less';
  return pHolm <= SIGNIFICANT ? more : `${more}, but not after correction`;
}

/** Returns, for example, `growing against off: +0.210 [+0.150, +0.270] nats a token, p .001, more`. */
function influenceSentence(effect: InfluenceEffect): string {
  const { arm, against, difference, pHolm } = effect;
  return `${arm} against ${against}: ${estimateText(difference, { digits: 3, signed: true })} nats a token, p ${pText(pHolm)}, ${influenceVerdict(effect)}`;
}

/** Reports the contrasts of a primary outcome of influence; nothing without one. */
export function primaryInfluence({ influence }: SliceAnalysis, spec: ReportedSpec): string[] {
  const primary = influence?.effects.filter(({ standing }) => standing === 'primary') ?? [];
  const [first] = primary;
  if (first === undefined) return [];
  const family = primary.length === 1 ? '' : `, corrected over its ${primary.length} contrasts`;
  return [`${outcomeText(first, spec)}${family}: ${primary.map(influenceSentence).join('; ')}.`];
}

/** Returns a primary outcome of influence in short, to begin a headline with; empty without one. */
export function influenceHeadline({ influence }: SliceAnalysis, spec: ReportedSpec): string {
  const primary = influence?.effects.filter(({ standing }) => standing === 'primary') ?? [];
  const [first, ...others] = [...primary].sort(
    (a, b) => a.pHolm - b.pHolm || Math.abs(b.difference.value) - Math.abs(a.difference.value),
  );
  if (first === undefined) return '';
  const among = others.length === 0 ? '' : `, the clearest of ${primary.length} contrasts`;
  return `${outcomeText(first, spec)}: ${influenceSentence(first)}${among}. `;
}

function outcomeText({ reference, window }: InfluenceEffect, { early, late }: ReportedSpec): string {
  const when = window === 'last' ? 'the last measured round' : roundsText(window === 'early' ? early : late);
  return `Primary outcome, influence of the prompt (beside ${referenceText(reference)}) in ${when}`;
}

/** Puts the prompt's influence into sentences; none if it was not measured. */
export function influenceFindings(analysis: SliceAnalysis, spec: ReportedSpec): string[] {
  const { influence } = analysis;
  if (influence === null) return [];
  const [first] = influence.arms;
  const beside = influence.arms.filter(({ reference }) => reference === first?.reference);
  const untouched = beside.find(({ ratio }) => ratio === null);
  return [
    ...(untouched === undefined ? [] : [courseWords(untouched, spec)]),
    ...ratioWords(beside, spec),
    ...totalWords(influence.total, spec),
    ...judgedWords(analysis),
  ];
}

const nats = { digits: 3 };

function courseWords(
  { name, reference, early, late, halfLife }: ArmInfluence,
  { early: first, late: last }: ReportedSpec,
): string {
  const life = estimateText(halfLife, { digits: 1, infinite: 'never' });
  return `Influence of the prompt (beside ${referenceText(reference)}), under ${name}: ${estimateText(early, nats)} nats a token in ${roundsText(first)}, ${estimateText(late, nats)} in ${roundsText(last)}; half-life in rounds: ${life}.`;
}

function ratioWords(arms: readonly ArmInfluence[], { late }: ReportedSpec): string[] {
  const treated = arms.flatMap(({ name, ratio }) => (ratio === null ? [] : [{ name, ratio }]));
  if (treated.length === 0) return [];
  const told = [...treated].sort((a, b) => b.ratio.value - a.ratio.value);
  return [
    `Late influence (${roundsText(late)}) on the same answers, × the untouched model's: ${told.map(({ name, ratio }) => `${name} ${estimateText(ratio)}`).join('; ')}.`,
  ];
}

/** Says what the total influence of the untouched model is. */
function totalWords(
  arms: readonly ArmInfluence[],
  { arms: [baseline], early: first, late: last }: ReportedSpec,
): string[] {
  return arms
    .filter(({ name }) => name === baseline!.name)
    .map(
      ({ name, reference, early, late }) =>
        `Total influence of the prompt (beside ${referenceText(reference)}), under ${name}: ${estimateText(early, nats)} nats a token in ${roundsText(first)}, ${estimateText(late, nats)} in ${roundsText(last)}, between the dialogues that it leads under the two.`,
    );
}

function judgedWords({ influence }: SliceAnalysis): string[] {
  const [first] = influence!.correlations;
  const told = influence!.correlations.filter(
    ({ reference, givenDialogue }) => reference === first?.reference && !Number.isNaN(givenDialogue.value),
  );
  if (told.length === 0) return [];
  const texts = told.map(
    ({ judged, givenDialogue }) => `${judged} ρ ${estimateText(givenDialogue, { signed: true })}`,
  );
  return [
    `Influence and judgement of the same answers, given the round and the dialogue: ${texts.join('; ')}.`,
  ];
}
