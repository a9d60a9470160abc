import { numberText, type Verdict, verdictOf } from '../report/index.js';
import type { Estimate } from '../statistics/index.js';
import { isUntouched } from '../study/index.js';
import type { SliceAnalysis } from './analysis.js';
import { chanceWords, floorWords } from './chance-words.js';
import type { ArmCourse } from './course.js';
import { otherDifferences, primaryEffect, primaryHeadline, primaryWords } from './difference-words.js';
import { signed, verdictOfEffect, whyUntold } from './effect-words.js';
import { influenceHeadline, primaryInfluence } from './influence-words.js';
import { fallsOf } from './judgement.js';
import { brokenIn, qualityText, qualityWords } from './quality-words.js';
import { roundsText } from './rounds-text.js';
import { shareWords } from './share-words.js';
import type { ReportedSpec } from './study-result.js';

/** Puts results into sentences. An interval or a test chooses each sentence, so no sentence claims what was not seen. */

/** Returns a warning if the baseline is not the untouched model. */
function baselineWords({ slice: { baseline } }: SliceAnalysis, { arms }: ReportedSpec): string[] {
  if (arms.some((arm) => arm.name === baseline && isUntouched(arm))) return [];
  return [
    `The baseline arm, ${baseline}, is not the untouched model: differences are from ${baseline}, but KL divergence is still from the untouched model.`,
  ];
}

/** Says whether stability changed, and whether the change is drift or a general decline of the model. */
function driftWords({ baseline }: SliceAnalysis, spec: ReportedSpec): string[] {
  if (baseline === null) return [];
  const { stability, slope, name } = baseline;
  if (stability.rounds.length === 0) return ['No probes were asked, so there is no stability to report.'];
  const words: string[] = [];
  const untold = whyNoDrift(baseline, spec);
  if (untold === null) {
    const perRound = Number.isNaN(slope.value) ? '' : ` (${signed(slope, 3)} a round)`;
    const change = `stability changes by ${changeText(stability.change, spec)}${perRound}`;
    const drift: Readonly<Record<Verdict, string>> = {
      below: `Drift: under ${name}, ${change}.`,
      unclear: `No drift seen: under ${name}, ${change}.`,
      above: `The opposite of drift: under ${name}, ${change}.`,
    };
    words.push(drift[verdictOf(stability.change)]);
  } else {
    words.push(`Cannot tell whether there is drift under ${name}: ${untold}.`);
  }
  for (const fall of fallsOf(baseline)) {
    words.push(
      `Under ${name}, ${fall.what} also falls, from ${numberText(fall.early)} to ${numberText(fall.late)} (by ${Math.round(100 * fall.part)} %): ` +
        'the model degrades as the dialogue grows, so it loses more than its system prompt.',
    );
  }
  return words;
}

const changeText = (change: Estimate, { early, late }: ReportedSpec): string =>
  `${signed(change)} from ${roundsText(early)} to ${roundsText(late)}`;

/** Returns the reason why a change of stability cannot be seen; null if it can. */
function whyNoDrift({ stability, sample }: ArmCourse, spec: ReportedSpec): string | null {
  const { early, late, change } = stability;
  if (Number.isNaN(early.value)) return `no probe was asked in ${roundsText(spec.early)}`;
  if (Number.isNaN(late.value)) return `no probe was asked in ${roundsText(spec.late)}`;
  return Number.isNaN(change.low)
    ? `stability changes by ${changeText(change, spec)}, but ${whyUntold(sample.clusters)}`
    : null;
}

/** Says which arms other than the baseline lose ability or fluency. What is broken as a whole is not said to fall. */
function fallWords(analysis: SliceAnalysis): string[] {
  const { courses, baseline } = analysis;
  const others = courses.filter((course) => course !== baseline);
  const fallen = others.flatMap((course) => {
    const broken = brokenIn(analysis, course.name).map(({ quality }) => quality);
    const falls = fallsOf(course)
      .filter(({ what }) => !broken.includes(what))
      .map(({ what, part }) => `${what} by ${Math.round(100 * part)} %`);
    return falls.length === 0 ? [] : [`${course.name} (${falls.join(', ')})`];
  });
  return fallen.length === 0
    ? []
    : [
        `From early to late rounds, these arms lose more than a tenth of their ability or fluency: ${fallen.join('; ')}.`,
      ];
}

/** Returns the findings of one slice on stability and attention as sentences, the most important first. */
export function findings(analysis: SliceAnalysis, spec: ReportedSpec): string[] {
  return [
    ...primaryWords(analysis, spec),
    ...primaryInfluence(analysis, spec),
    ...baselineWords(analysis, spec),
    ...floorWords(analysis),
    ...driftWords(analysis, spec),
    ...chanceWords(analysis, spec),
    ...otherDifferences(analysis, spec),
    ...qualityWords(analysis),
    ...fallWords(analysis),
    ...shareWords(analysis, spec),
  ];
}

/** Returns the main finding of a slice. */
export function headline(analysis: SliceAnalysis, spec: ReportedSpec): string {
  const { baseline, floor, courses, slice } = analysis;
  if (courses.length === 0) return 'Arms cannot be compared yet: no dialogue was run under all of them.';
  if (baseline === null) {
    return `No differences can be computed: the baseline arm, ${slice.baseline}, has no dialogue here.`;
  }
  const { name, stability } = baseline;
  if (stability.rounds.length === 0) return 'No probes were asked.';
  if (floor !== null) {
    return `${influenceHeadline(analysis, spec)}Under ${floor.arm}, the model is at the floor: even in round ${floor.first.round} it is not seen to follow its system prompt more than chance.`;
  }
  const untold = whyNoDrift(baseline, spec);
  const change = `from ${roundsText(spec.early)} to ${roundsText(spec.late)} the stability of ${name} changes by ${signed(stability.change)}`;
  const drift: Readonly<Record<Verdict, string>> = {
    below: `The hold on the system prompt loosens: ${change}`,
    unclear: `No drift is seen: ${change}`,
    above: `The hold on the system prompt grows: ${change}`,
  };
  const first =
    untold === null
      ? drift[verdictOf(stability.change)]
      : `Cannot tell whether the hold on the system prompt loosens under ${name}: ${untold}`;
  const fall = fallsOf(baseline)[0];
  const also =
    fall === undefined ? '' : ` Under ${name}, ${fall.what} also falls by ${Math.round(100 * fall.part)} %.`;
  return `${primaryHeadline(analysis, spec)}${influenceHeadline(analysis, spec)}${first}.${bestWords(analysis)}${also}`;
}

/**
 * Names the arm with the largest gain over the baseline in late rounds, and says if it is broken; empty if no arm has an
 * interval there. An arm that the primary outcome has named is named again only if it is broken.
 */
function bestWords(analysis: SliceAnalysis): string {
  const { effects, slice, plan } = analysis;
  const late = effects.filter(
    ({ against, window, difference }) =>
      against === slice.baseline && window === 'late' && !Number.isNaN(difference.low),
  );
  if (late.length === 0) return '';
  const better = late
    .filter((effect) => verdictOfEffect(effect) === 'above')
    .sort((a, b) => b.difference.value - a.difference.value);
  const best = better[0];
  if (best === undefined)
    return ` In the late rounds, no other arm is seen to be more stable than ${slice.baseline}.`;
  const broken = brokenIn(analysis, best.arm).map(qualityText).join(', ');
  if (best === primaryEffect(analysis)) return broken === '' ? '' : ` ${best.arm} is broken: ${broken}.`;
  const told = plan.planned.length > 0 && best.standing === 'after the fact' ? ', after the fact' : '';
  const most = better.length > 1 ? `, the largest of ${better.length} gains` : '';
  const but = broken === '' ? '' : `, but it is broken: ${broken}`;
  return ` In the late rounds, ${best.arm} gains ${signed(best.difference)} over ${slice.baseline}${most}${told}${but}.`;
}
