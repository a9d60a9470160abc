import type { FrontMembership } from '../report/index.js';
import { type Estimate, onFront } from '../statistics/index.js';
import { isControl } from './arms.js';
import type { ArmCosts } from './costs.js';
import type { ReportedArm } from './study-result.js';
import { type ArmTrades, frequencyOf } from './trade-sample.js';

/** An arm is on the front, or not on it, for certain if this fraction of the resamples agree. */
export const CERTAIN = 0.95;

/** The trade-off of an arm between a benefit and its cost. */
export interface Trade {
  readonly name: string;
  /** Stability or influence in the late rounds. */
  readonly benefit: Estimate;
  /** KL divergence from the untouched model, in nats a token. */
  readonly cost: Estimate;
  /** Whether its values are on the Pareto front: no other arm is as good in both and better in one of the two. */
  readonly onFront: boolean;
  /** How often it is on the front over resamples of dialogues and held-out items; NaN for fewer than five of either. */
  readonly frequency: number;
  readonly membership: FrontMembership;
  readonly isControl: boolean;
}

/**
 * Returns the arms whose benefit and cost were measured, cheapest first.
 * @param benefitOf returns the benefit of an arm
 */
export function tradesOf(
  trades: ArmTrades,
  benefitOf: (arm: string) => Estimate,
  costs: readonly ArmCosts[],
  arms: readonly ReportedArm[],
): Trade[] {
  return trades.arms
    .map((name, at): Trade => {
      const frequency = frequencyOf(trades, onFront(at));
      return {
        name,
        benefit: benefitOf(name),
        cost: costs.find((cost) => cost.name === name)!.kl!,
        onFront: onFront(at)(trades.sample.observed) === 1,
        frequency,
        membership: membershipOf(frequency),
        isControl: arms.some((arm) => arm.name === name && isControl(arm)),
      };
    })
    .sort((a, b) => a.cost.value - b.cost.value || b.benefit.value - a.benefit.value);
}

function membershipOf(frequency: number): FrontMembership {
  if (frequency >= CERTAIN) return 'yes';
  return frequency <= 1 - CERTAIN ? 'no' : 'uncertain';
}
