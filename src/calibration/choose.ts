import type { Estimate } from '../statistics/index.js';
import { type ArmOutcome, countedGain } from './outcome.js';

/** A setting that was tried on calibration dialogues: its gains, and its cost. */
export interface Candidate extends Pick<ArmOutcome, 'name' | 'gain' | 'beyond'> {
  /** KL divergence of the untouched model's next token from the setting's, in nats a token. */
  readonly cost: Estimate;
}

/** The setting to confirm, or why there is none. */
export type Choice =
  | { readonly name: string; readonly why: null }
  /**
   * `control`: no dialogue has a random span to compare with. `budget`: every setting may cost more than the budget. `gain`: the
   * best of the others gains nothing.
   */
  | { readonly name: null; readonly why: 'control' | 'budget' | 'gain' };

/** Two lower bounds are equal if they differ by less: the bootstrap is not more exact. */
const TIE = 1e-6;

/** Returns whether a setting certainly costs no more than the budget: the upper end of its interval does not. */
export const withinBudget = ({ cost }: Pick<Candidate, 'cost'>, budget: number): boolean =>
  (Number.isNaN(cost.high) ? cost.value : cost.high) <= budget;

/**
 * Chooses a setting: of those whose cost is within the budget, by the upper end of its interval, the one with the highest
 * lower end of the gain that counts; of equal ones, the cheaper. It rewards what is known to help: a large gain that few dialogues
 * show has a low lower end. The choice is no test, so the lower end need not be above zero. The gain itself must be, and the one
 * over the untouched model too: a control that does harm makes no setting good.
 */
export function chooseSetting(candidates: readonly Candidate[], budget: number): Choice {
  const affordable = candidates.filter((candidate) => withinBudget(candidate, budget));
  if (affordable.length === 0) return { name: null, why: 'budget' };
  const gaining = affordable.filter((candidate) => {
    const { value, low } = countedGain(candidate);
    return candidate.gain.value > 0 && value > 0 && !Number.isNaN(low);
  });
  const [best] = [...gaining].sort((a, b) => {
    const ahead = countedGain(b).low - countedGain(a).low;
    return Math.abs(ahead) < TIE ? a.cost.value - b.cost.value : ahead;
  });
  return best === undefined ? { name: null, why: 'gain' } : { name: best.name, why: null };
}
