import type { Estimate } from '../../measure/index.js';
import { estimateText, numberText, type Verdict, verdictOf } from '../../report/index.js';
import type { SliceAnalysis } from './analysis.js';
import type { Effect } from './effects.js';
import { FLOOR, fallsOf } from './judgement.js';
import type { ReportedSpec } from './study-result.js';

/** What the numbers say. Every sentence is chosen by an interval: what is not seen is not said. */

const SIGNIFICANT = 0.05;

type TestedDifference = Pick<Effect, 'difference' | 'pHolm'>;

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

/** What an effect amounts to, in a few words. */
export function effectWords(effect: TestedDifference): string {
  const { difference } = effect;
  const alone = verdictOf(difference);
  if (alone === 'unclear') return noEffect(difference);
  const word = alone === 'above' ? 'better' : 'worse';
  return verdictOfEffect(effect) === 'unclear' ? `${word}, but not after correction` : word;
}

/** `no effect seen, smaller than 0.04`: the end of the interval that is farther from zero. */
function noEffect({ low, high }: Estimate): string {
  const most = Math.max(Math.abs(low), Math.abs(high));
  // Rounded up: what is not seen is smaller than what is written.
  return most === 0
    ? 'no difference at all'
    : `no effect seen, smaller than ${(Math.ceil(most * 100) / 100).toFixed(2)}`;
}

/** Whether there was drift, and whether it was drift. */
export function driftWords({ courses, atFloor }: SliceAnalysis, { early, late }: ReportedSpec): string[] {
  const course = courses[0]!;
  const { stability, slope, name } = course;
  const first = stability.rounds[0];
  if (first === undefined) return ['No probes were put: there is no stability to speak of.'];
  const words = atFloor
    ? [
        `At the floor: under ${name}, stability in round ${first.round} is ${estimateText(first)}, all of it below ${FLOOR}. ` +
          'A model that does not obey at first has nothing to lose, and no arm is called better on it.',
      ]
    : [];
  const change = `stability changes by ${signed(stability.change)} from ${roundsText(early)} to ${roundsText(late)} (${signed(slope, 3)} a round)`;
  const drift: Readonly<Record<Verdict, string>> = {
    below: `Drift: under ${name}, ${change}.`,
    unclear: `No drift seen: under ${name}, ${change}.`,
    above: `The opposite of drift: under ${name}, ${change}.`,
  };
  if (!Number.isNaN(stability.change.value)) words.push(drift[verdictOf(stability.change)]);
  for (const fall of fallsOf(course)) {
    words.push(
      `Under ${name} ${fall.what} falls too, from ${numberText(fall.early)} to ${numberText(fall.late)} (by ${Math.round(100 * fall.part)} %): ` +
        'the model falls apart with the length of the dialogue, and what it loses is not its system prompt alone.',
    );
  }
  return words;
}

/** Which arms hold, which harm, and of which nothing was seen. */
export function effectFindings({ courses, effects, atFloor }: SliceAnalysis, spec: ReportedSpec): string[] {
  const baseline = courses[0]!.name;
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
  if (better.length > 0) {
    words.push(
      atFloor
        ? `Differences to ${baseline} ${where} that are above zero, on a model at the floor: ${better.map(told).join('; ')}.`
        : `More stable than ${baseline} ${where}: ${better.map(told).join('; ')}.`,
    );
  }
  if (worse.length > 0) words.push(`Less stable than ${baseline} ${where}: ${worse.map(told).join('; ')}.`);
  if (unclear.length > 0) {
    words.push(
      `Not told from ${baseline} ${where}: ${unclear.map((effect) => `${effect.arm} (${effectWords(effect)})`).join('; ')}.`,
    );
  }
  const harmful = effects.filter(
    (effect) => effect.window === 'early' && verdictOfEffect(effect) === 'below',
  );
  if (harmful.length > 0) {
    words.push(
      `Less stable than ${baseline} in ${roundsText(spec.early)} already: ${harmful.map(told).join('; ')}.`,
    );
  }
  return words;
}

/** Arms that lose other faculties than the first arm does. */
export function fallWords({ courses }: SliceAnalysis): string[] {
  const fallen = courses.slice(1).flatMap((course) => {
    const falls = fallsOf(course).map(({ what, part }) => `${what} by ${Math.round(100 * part)} %`);
    return falls.length === 0 ? [] : [`${course.name} (${falls.join(', ')})`];
  });
  return fallen.length === 0
    ? []
    : [
        `From early to late rounds these arms lose more than a tenth of something else: ${fallen.join('; ')}.`,
      ];
}

export function frontWords({ trades }: SliceAnalysis): string[] {
  const front = trades.filter(({ onFront }) => onFront);
  if (trades.length < 2) return [];
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
export function correlationWords({ correlations, courses }: SliceAnalysis): string[] {
  const own = correlations.find(({ name }) => name === courses[0]!.name);
  if (own === undefined) return [];
  const over = (what: string, estimate: Estimate): string => {
    if (Number.isNaN(estimate.value)) return `${what} it cannot be told`;
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
    ...driftWords(analysis, spec),
    ...effectFindings(analysis, spec),
    ...fallWords(analysis),
    ...frontWords(analysis),
    ...correlationWords(analysis),
  ];
}

/** The one sentence that a reader takes away of a slice. */
export function headline(analysis: SliceAnalysis, spec: ReportedSpec): string {
  const { courses, effects, atFloor } = analysis;
  const { name, stability } = courses[0]!;
  if (stability.rounds.length === 0) return 'No probes were put.';
  if (atFloor)
    return `The model is at the floor: it does not do what it is told even in round ${stability.rounds[0]!.round}.`;
  const change = `from ${roundsText(spec.early)} to ${roundsText(spec.late)} the stability of ${name} changes by ${signed(stability.change)}`;
  const drift: Readonly<Record<Verdict, string>> = {
    below: `The hold on the system prompt loosens: ${change}`,
    unclear: `No drift is seen: ${change}`,
    above: `The hold on the system prompt grows: ${change}`,
  };
  const late = effects.filter(({ window }) => window === 'late');
  const better = late
    .filter((effect) => verdictOfEffect(effect) === 'above')
    .sort((a, b) => b.difference.value - a.difference.value);
  const best = better[0];
  const most = better.length > 1 ? `, the most of ${better.length} arms that hold more` : '';
  const arms =
    best === undefined
      ? late.length === 0
        ? '.'
        : '. No other arm is seen to hold more late.'
      : `. Late, ${best.arm} holds ${signed(best.difference)} more${most}.`;
  const fall = fallsOf(courses[0]!)[0];
  const also =
    fall === undefined ? '' : ` Under ${name} ${fall.what} falls by ${Math.round(100 * fall.part)} % too.`;
  return `${drift[verdictOf(stability.change)]}${arms}${also}`;
}
