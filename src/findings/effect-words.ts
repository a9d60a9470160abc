import { estimateText, type Verdict, verdictOf } from '../report/index.js';
import type { Estimate } from '../statistics/index.js';
import type { SliceAnalysis } from './analysis.js';
import type { Effect } from './effects.js';
import { largerP } from './families.js';
import { FEWEST } from './inference.js';

/** Puts an effect into words. Its interval and its tests choose them. */

const SIGNIFICANT = 0.05;

/** Returns why an estimate has no interval. Without the number of its clusters, both reasons are possible. */
export function whyUntold(clusters?: number): string {
  const [few, constant] = [
    `there are fewer than ${FEWEST} prompts`,
    'the dialogues do not show how much it varies',
  ];
  if (clusters === undefined) return `${few}, or ${constant}`;
  return clusters < FEWEST ? few : constant;
}

type TestedDifference = Pick<Effect, 'difference' | 'p' | 'pHolm'> &
  Partial<Pick<Effect, 'clusters' | 'pMean' | 'equivalence'>>;

/** Returns a difference with its interval and its sign. */
export const signed = (estimate: Estimate, digits = 2): string =>
  estimateText(estimate, { signed: true, digits });

/** Returns a p-value as text, never as zero. */
export function pText(p: number): string {
  return p < 0.0005 ? '<.001' : p.toFixed(3).replace(/^0/, '');
}

/** Returns the side of zero on which an effect is significant after correction; `unclear` if it is not. */
export function verdictOfEffect({ difference, pHolm }: TestedDifference): Verdict {
  return pHolm <= SIGNIFICANT ? verdictOf(difference) : 'unclear';
}

/**
 * Returns an effect in a few words.
 * @param beside the arm that the effect is a difference from, and whether the model is at the floor, where no arm is
 * called better or worse
 */
export function effectWords(
  effect: TestedDifference,
  beside: { readonly name: string; readonly atFloor: boolean },
): string {
  const verdict = verdictOfEffect(effect);
  if (verdict === 'unclear') {
    return disagrees(effect) && !isEquivalent(effect)
      ? `not distinguishable from ${beside.name}: ${whyUnclear(effect)}`
      : whyUnclear(effect);
  }
  if (beside.atFloor) return `${verdict} zero, but at the floor`;
  const small = isEquivalent(effect) ? `, by less than ${effect.equivalence!.margin}` : '';
  return `${verdict === 'above' ? 'better' : 'worse'}${small}`;
}

/** Whether the equivalence test shows that a difference is smaller than the declared margin. */
export const isEquivalent = ({ equivalence = null }: TestedDifference): boolean =>
  equivalence !== null && equivalence.p <= SIGNIFICANT;

/**
 * Whether the interval excludes zero but a test, before any correction, is not significant; or the interval includes zero
 * but the tests are significant after correction.
 */
export const disagrees = (effect: TestedDifference): boolean =>
  verdictOf(effect.difference) === 'unclear' ? effect.pHolm <= SIGNIFICANT : largerP(effect) > SIGNIFICANT;

/** Returns why an effect is neither better nor worse, and how large it may be. */
export function whyUnclear(effect: TestedDifference): string {
  const { difference } = effect;
  if (Number.isNaN(difference.low)) return `cannot be told: ${whyUntold(effect.clusters)}`;
  const alone = verdictOf(difference);
  if (isEquivalent(effect)) {
    const { margin, p } = effect.equivalence!;
    return `equivalent: no difference of ${margin} or more (p ${pText(p)})`;
  }
  if (disagrees(effect)) return 'interval and test disagree';
  if (alone === 'unclear') return noEffect(difference);
  return `${alone === 'above' ? 'better' : 'worse'}, but not after correction`;
}

/** Returns `no effect seen, at most 0.04`: the bound is the end of the interval farther from zero. */
function noEffect({ low, high }: Estimate): string {
  const most = Math.max(Math.abs(low), Math.abs(high));
  // Rounded up, so that the text is still a bound.
  return `no effect seen, at most ${(Math.ceil(most * 100) / 100).toFixed(2)}`;
}

/** Returns an effect with its numbers: `growing against off: +0.21 [+0.15, +0.27], p .001, better`. */
export function effectSentence(effect: Effect, floor: SliceAnalysis['floor']): string {
  const { arm, against, difference, pHolm } = effect;
  const words = effectWords(effect, { name: against, atFloor: floor !== null });
  return `${arm} against ${against}: ${signed(difference)}, p ${pText(pHolm)}, ${words}`;
}
