import { estimateText, numberText, type Verdict, verdictOf } from '../report/index.js';
import type { Estimate } from '../statistics/index.js';
import type { SliceAnalysis } from './analysis.js';
import type { ArmCourse } from './course.js';
import type { Effect } from './effects.js';
import { FEWEST } from './inference.js';
import { FLOOR, fallsOf, isUntouched } from './judgement.js';
import type { ReportedSpec } from './study-result.js';

/** What the numbers say. Every sentence is chosen by an interval: what is not seen is not said. */

const SIGNIFICANT = 0.05;

const TOO_FEW = `fewer than ${FEWEST} scenarios`;

type TestedDifference = Pick<Effect, 'difference' | 'p' | 'pHolm'>;

export function roundsText([first, last]: readonly [first: number, last: number]): string {
  return first === last ? `round ${first}` : `rounds ${first}–${last}`;
}

const signed = (estimate: Estimate, digits = 2): string => estimateText(estimate, { signed: true, digits });

/** How a p-value is written: never as zero. */
export function pText(p: number): string {
  return p < 0.0005 ? '<.001' : p.toFixed(3).replace(/^0/, '');
}

/** Whether an effect stands after correction; `unclear` otherwise. */
export function verdictOfEffect({ difference, pHolm }: TestedDifference): Verdict {
  return pHolm <= SIGNIFICANT ? verdictOf(difference) : 'unclear';
}

/**
 * What an effect amounts to, in a few words.
 * @param beside what it is a difference to, and whether the model is at the floor, where nothing is better or worse
 */
export function effectWords(
  effect: TestedDifference,
  beside: { readonly name: string; readonly atFloor: boolean },
): string {
  const verdict = verdictOfEffect(effect);
  if (verdict === 'unclear') {
    return disagrees(effect) ? `not told from ${beside.name}: ${whyUnclear(effect)}` : whyUnclear(effect);
  }
  if (beside.atFloor) return `${verdict} zero, but at the floor`;
  return verdict === 'above' ? 'better' : 'worse';
}

/** Whether an interval lies off zero and the test, before any correction, does not see it. */
const disagrees = ({ difference, p }: TestedDifference): boolean =>
  verdictOf(difference) !== 'unclear' && p > SIGNIFICANT;

function whyUnclear(effect: TestedDifference): string {
  const { difference } = effect;
  if (Number.isNaN(difference.low)) return `cannot be told: ${TOO_FEW}`;
  const alone = verdictOf(difference);
  if (alone === 'unclear') return noEffect(difference);
  if (disagrees(effect)) return 'interval and test disagree';
  return `${alone === 'above' ? 'better' : 'worse'}, but not after correction`;
}

/** `no effect seen, smaller than 0.04`: the end of the interval that is farther from zero. */
function noEffect({ low, high }: Estimate): string {
  const most = Math.max(Math.abs(low), Math.abs(high));
  // Rounded up: what is not seen is smaller than what is written.
  return most === 0
    ? 'no difference at all'
    : `no effect seen, smaller than ${(Math.ceil(most * 100) / 100).toFixed(2)}`;
}

/** That differences are to an arm that does something, where they are. */
export function baselineWords({ slice: { baseline } }: SliceAnalysis, { arms }: ReportedSpec): string[] {
  if (arms.some((arm) => arm.name === baseline && isUntouched(arm))) return [];
  return [
    `${baseline}, with which the other arms are compared, is not the untouched model: differences are to ${baseline}. KL divergence is from the untouched model all the same.`,
  ];
}

/** Whether there was drift, and whether it was drift. */
export function driftWords({ baseline, floor }: SliceAnalysis, spec: ReportedSpec): string[] {
  if (baseline === null) return [];
  const { stability, slope, name } = baseline;
  if (stability.rounds.length === 0) return ['No probes were put: there is no stability to speak of.'];
  const words: string[] = [];
  if (floor !== null) {
    words.push(
      `At the floor: under ${floor.arm}, stability in round ${floor.first.round} is ${estimateText(floor.first)}, all of it below ${FLOOR}. ` +
        'A model that does not obey at first has nothing to lose, and no arm is called better on it.',
    );
  }
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
    words.push(`Whether there is drift under ${name} cannot be told: ${untold}.`);
  }
  for (const fall of fallsOf(baseline)) {
    words.push(
      `Under ${name} ${fall.what} falls too, from ${numberText(fall.early)} to ${numberText(fall.late)} (by ${Math.round(100 * fall.part)} %): ` +
        'the model falls apart with the length of the dialogue, and what it loses is not its system prompt alone.',
    );
  }
  return words;
}

const changeText = (change: Estimate, { early, late }: ReportedSpec): string =>
  `${signed(change)} from ${roundsText(early)} to ${roundsText(late)}`;

/** Why it cannot be told whether stability changes; null where it can. */
function whyNoDrift({ stability }: ArmCourse, spec: ReportedSpec): string | null {
  const { early, late, change } = stability;
  if (Number.isNaN(early.value)) return `no probe was put in ${roundsText(spec.early)}`;
  if (Number.isNaN(late.value)) return `no probe was put in ${roundsText(spec.late)}`;
  return Number.isNaN(change.low)
    ? `stability changes by ${changeText(change, spec)}, but that is of ${TOO_FEW}`
    : null;
}

/** Which arms hold, which harm, and of which nothing was seen. */
export function effectFindings({ slice, effects, floor }: SliceAnalysis, spec: ReportedSpec): string[] {
  const { baseline } = slice;
  const late = effects.filter(({ window }) => window === 'late');
  if (late.length === 0) return [];
  const ordered = [...late].sort((a, b) => b.difference.value - a.difference.value);
  const told = ({ arm, difference, pHolm }: Effect): string =>
    `${arm} ${signed(difference)} (p ${pText(pHolm)})`;
  const better = ordered.filter((effect) => verdictOfEffect(effect) === 'above');
  const worse = ordered.filter((effect) => verdictOfEffect(effect) === 'below').reverse();
  const unclear = ordered.filter((effect) => verdictOfEffect(effect) === 'unclear');
  const where = `in ${roundsText(spec.late)}`;
  const words: string[] = [];
  const [more, less] =
    floor === null
      ? [`More stable than ${baseline} ${where}`, `Less stable than ${baseline} ${where}`]
      : ['above', 'below'].map(
          (side) => `Differences to ${baseline} ${where} that are ${side} zero, on a model at the floor`,
        );
  if (better.length > 0) words.push(`${more}: ${better.map(told).join('; ')}.`);
  if (worse.length > 0) words.push(`${less}: ${worse.map(told).join('; ')}.`);
  if (unclear.length > 0) {
    words.push(
      `Not told from ${baseline} ${where}: ${unclear.map((effect) => `${effect.arm} (${whyUnclear(effect)})`).join('; ')}.`,
    );
  }
  const harmful = effects.filter(
    (effect) => effect.window === 'early' && verdictOfEffect(effect) === 'below',
  );
  if (harmful.length > 0 && floor === null) {
    words.push(
      `Less stable than ${baseline} in ${roundsText(spec.early)} already: ${harmful.map(told).join('; ')}.`,
    );
  }
  return words;
}

/** Arms that lose other faculties than the first arm does. */
export function fallWords({ courses, baseline }: SliceAnalysis): string[] {
  const others = courses.filter((course) => course !== baseline);
  const fallen = others.flatMap((course) => {
    const falls = fallsOf(course).map(({ what, part }) => `${what} by ${Math.round(100 * part)} %`);
    return falls.length === 0 ? [] : [`${course.name} (${falls.join(', ')})`];
  });
  return fallen.length === 0
    ? []
    : [
        `From early to late rounds these arms lose more than a tenth of something else: ${fallen.join('; ')}.`,
      ];
}

export function frontWords({ trades, floor }: SliceAnalysis): string[] {
  const front = trades.filter(({ onFront }) => onFront);
  if (trades.length < 2) return [];
  if (floor !== null) {
    return [
      'Which arms are on the front of stability against KL divergence says nothing on a model at the floor.',
    ];
  }
  return [
    `On the front of late stability against KL divergence: ${front
      .map(
        ({ name, stability, cost }) =>
          `${name} (${numberText(stability.value)} at ${numberText(cost.value, { digits: 3 })} nats a token)`,
      )
      .join(', ')}.`,
  ];
}

/** Whether stability goes with the prompt's share of attention, under the first arm. */
export function correlationWords({ correlations, slice: { baseline } }: SliceAnalysis): string[] {
  const own = correlations.find(({ name }) => name === baseline);
  if (own === undefined) return [];
  const over = (what: string, estimate: Estimate): string => {
    if (Number.isNaN(estimate.value)) return `${what} it cannot be told, because one of them does not vary`;
    if (Number.isNaN(estimate.low)) return `${what} it cannot be told of ${TOO_FEW}`;
    const verdict: Readonly<Record<Verdict, string>> = {
      above: 'they go together',
      unclear: 'no connection is seen',
      below: 'one rises where the other falls',
    };
    return `${what} ${verdict[verdictOf(estimate)]} (ρ ${signed(estimate)})`;
  };
  return [
    `Stability and the system prompt's share of attention, under ${own.name}: ${over('over rounds', own.overRounds)}; ` +
      `${over('over dialogues, late,', own.overDialogues)}. Two things that both fall with length go together over rounds whatever the reason; dialogues are the harder test.`,
  ];
}

/** Everything found in one slice, the most important first. */
export function findings(analysis: SliceAnalysis, spec: ReportedSpec): string[] {
  return [
    ...baselineWords(analysis, spec),
    ...driftWords(analysis, spec),
    ...effectFindings(analysis, spec),
    ...fallWords(analysis),
    ...frontWords(analysis),
    ...correlationWords(analysis),
  ];
}

/** The one sentence that a reader takes away of a slice. */
export function headline(analysis: SliceAnalysis, spec: ReportedSpec): string {
  const { baseline, effects, floor, courses, slice } = analysis;
  if (courses.length === 0)
    return 'Arms cannot be laid side by side yet: no dialogue has been led under all.';
  if (baseline === null) {
    return `No differences can be told: ${slice.baseline}, with which the other arms are compared, has no dialogue here.`;
  }
  const { name, stability } = baseline;
  if (stability.rounds.length === 0) return 'No probes were put.';
  if (floor !== null) {
    return `Under ${floor.arm} the model is at the floor: it does not do what it is told even in round ${floor.first.round}.`;
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
      : `Whether the hold on the system prompt loosens under ${name} cannot be told: ${untold}`;
  const fall = fallsOf(baseline)[0];
  const also =
    fall === undefined ? '' : ` Under ${name} ${fall.what} falls by ${Math.round(100 * fall.part)} % too.`;
  return `${first}.${bestWords(effects)}${also}`;
}

/** Which arm holds most, late; nothing where none could. */
function bestWords(effects: readonly Effect[]): string {
  const late = effects.filter(({ window, difference }) => window === 'late' && !Number.isNaN(difference.low));
  if (late.length === 0) return '';
  const better = late
    .filter((effect) => verdictOfEffect(effect) === 'above')
    .sort((a, b) => b.difference.value - a.difference.value);
  const best = better[0];
  if (best === undefined) return ' No other arm is seen to hold more late.';
  const most = better.length > 1 ? `, the most of ${better.length} arms that hold more` : '';
  return ` Late, ${best.arm} holds ${signed(best.difference)} more${most}.`;
}
