import { estimateText, numberText } from '../report/index.js';
import type { SliceAnalysis } from './analysis.js';
import { disagrees, effectWords, pText, signed, verdictOfEffect, whyUnclear } from './effect-words.js';
import type { EqualCostGain } from './equal-kl.js';
import { CERTAIN, type Trade } from './front.js';
import { FEWEST } from './inference.js';
import { roundsText } from './rounds-text.js';
import type { ReportedSpec } from './study-result.js';
import { LOST_BELOW, type LossOutcome } from './survival.js';

/** Puts fronts, gains at equal cost and times to the first loss into sentences. */

/** Returns these findings of one slice as sentences. */
export function comparisonFindings(analysis: SliceAnalysis, spec: ReportedSpec): string[] {
  return [...survivalFindings(analysis), ...frontFindings(analysis), ...gainFindings(analysis, spec)];
}

/** How an infinite time is written: the median is not reached. */
export const NOT_REACHED = 'not reached';

/** Returns what counts as a loss. */
export function lossText(outcome: LossOutcome): string {
  return outcome === 'probes'
    ? `the first probed round with a mean score below ${LOST_BELOW}`
    : `the first round whose own answer has an obedience below ${LOST_BELOW}`;
}

/** Says how long the baseline keeps the prompt, and which arms keep it longer or shorter. */
function survivalFindings({ survival, slice: { baseline }, floor }: SliceAnalysis): string[] {
  const own = survival.find(({ name }) => name === baseline);
  if (own === undefined) return [];
  const median = estimateText(own.median, { digits: 0, infinite: NOT_REACHED });
  const words = [
    `Time to the first loss (${lossText(own.outcome)}): under ${baseline}, ${own.lost} of ${own.dialogues} dialogues lose the prompt; median round: ${median}.`,
  ];
  const tested = survival.flatMap(({ name, beside }) => (beside === null ? [] : [{ name, ...beside }]));
  const told = tested.filter((effect) => verdictOfEffect(effect) !== 'unclear');
  const list = (side: 'above' | 'below'): string =>
    told
      .filter((effect) => verdictOfEffect(effect) === side)
      .sort((a, b) => Math.abs(b.difference.value) - Math.abs(a.difference.value))
      .map(({ name, difference, pHolm }) => `${name} ${signed(difference, 1)} rounds (p ${pText(pHolm)})`)
      .join('; ');
  const [longer, shorter] = [list('above'), list('below')];
  if (floor !== null) return words;
  if (longer !== '') words.push(`Lost later than under ${baseline}, on average: ${longer}.`);
  if (shorter !== '') words.push(`Lost earlier than under ${baseline}, on average: ${shorter}.`);
  const unclear = tested.filter((effect) => verdictOfEffect(effect) === 'unclear');
  const split = unclear.filter(disagrees);
  if (split.length > 0) {
    words.push(
      `The interval of the mean rounds and the log-rank test disagree: ${split.map(({ name, difference, pHolm }) => `${name} ${signed(difference, 1)} (p ${pText(pHolm)})`).join('; ')}.`,
    );
  }
  const unseen = unclear.filter((effect) => !disagrees(effect));
  if (unseen.length > 0) {
    words.push(
      `Mean rounds not distinguishable from ${baseline}: ${unseen.map((effect) => `${effect.name} (${whyUnclear(effect)})`).join('; ')}.`,
    );
  }
  return words;
}

/** Says which arms are on the Pareto front of late stability against KL divergence, and how certain that is. */
function frontFindings({ trades, floor }: SliceAnalysis): string[] {
  if (trades.length < 2) return [];
  if (floor !== null) {
    return [
      'The model is at the floor, so the Pareto front of stability against KL divergence says nothing.',
    ];
  }
  const named = ({ name, isControl }: Trade): string => (isControl ? `${name} (a control)` : name);
  const told = (trade: Trade): string => {
    const cost =
      trade.cost.value === 0
        ? 'without cost, so it always is'
        : `at ${numberText(trade.cost.value, { digits: 3 })} nats a token`;
    return `${named(trade)} (stability ${numberText(trade.benefit.value)} ${cost})`;
  };
  const of = 'the Pareto front of late stability against KL divergence';
  if (trades.some(({ frequency }) => Number.isNaN(frequency))) {
    const front = trades.filter(({ onFront }) => onFront).map(told);
    return [
      `By their values, on ${of}: ${front.join('; ')}. How certain this is cannot be told from so few.`,
    ];
  }
  const certain = trades.filter(({ membership }) => membership === 'yes').map(told);
  const uncertain = trades
    .filter(({ membership }) => membership === 'uncertain')
    .map((trade) => `${named(trade)} (${percent(trade.frequency)})`);
  return [
    `On ${of} in at least ${percent(CERTAIN)} of resamples: ${certain.length > 0 ? certain.join('; ') : 'no arm'}.` +
      (uncertain.length > 0 ? ` Uncertain, with the part of resamples: ${uncertain.join('; ')}.` : ''),
  ];
}

const percent = (part: number): string => `${Math.round(100 * part)} %`;

/** Returns a gain at equal KL divergence in a few words. */
export function gainWords(gain: EqualCostGain, atFloor: boolean): string {
  const { left, right, from, to, difference } = gain;
  if (Number.isNaN(from)) return 'cannot be told: they share no range of KL divergence';
  if (Number.isNaN(difference.value))
    return `cannot be told: outside the range of ${from === to ? right : left}`;
  if (Number.isNaN(difference.low)) {
    return `cannot be told: fewer than ${FEWEST} prompts or held-out items, or too often outside the range`;
  }
  return effectWords(gain, { name: right, atFloor });
}

/** Says which policies hold more than others at equal KL divergence. */
function gainFindings({ gains, floor }: SliceAnalysis, { late }: ReportedSpec): string[] {
  if (gains.length === 0 || floor !== null) return [];
  const told = gains.filter((gain) => verdictOfEffect(gain) !== 'unclear');
  const unclear = gains.filter((gain) => !told.includes(gain) && !Number.isNaN(gain.difference.low));
  const untold = gains.length - told.length - unclear.length;
  const most = Math.max(
    ...unclear.flatMap(({ difference: { low, high } }) => [Math.abs(low), Math.abs(high)]),
  );
  const text = ({ left, right, from, to, difference, pHolm }: EqualCostGain): string => {
    const range = [from, to].map((cost) => numberText(cost, { digits: 3 }));
    const where = from === to ? `at ${range[0]}` : `over ${range.join('–')}`;
    return `${left} − ${right} ${signed(difference)} ${where} nats a token (p ${pText(pHolm)})`;
  };
  return [
    `At equal KL divergence, in ${roundsText(late)}, ${told.length === 0 ? 'no policy is seen to differ from another' : `these differ: ${told.map(text).join('; ')}`}.` +
      (unclear.length > 0
        ? ` Of ${unclear.length} other comparisons none is distinguishable from zero, the largest bound being ${(Math.ceil(most * 100) / 100).toFixed(2)}.`
        : '') +
      (untold > 0 ? ` ${untold} cannot be told.` : ''),
  ];
}
