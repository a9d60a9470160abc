import type { Estimate } from '../statistics/index.js';
import type { ArmCosts } from './costs.js';
import type { ArmCourse } from './course.js';

/** The trade-off of an arm between stability and cost. */
export interface Trade {
  readonly name: string;
  /** Stability in the late rounds. */
  readonly stability: Estimate;
  /** KL divergence from the untouched model, in nats a token. */
  readonly cost: Estimate;
  /** Whether the arm is on the Pareto front: no other arm is as good in both and better in one of the two. */
  readonly onFront: boolean;
}

/** Returns the arms whose cost was measured, cheapest first. */
export function tradesOf(courses: readonly ArmCourse[], costs: readonly ArmCosts[]): Trade[] {
  const arms = courses.flatMap(({ name, stability }) => {
    const cost = costs.find((each) => each.name === name)?.kl ?? null;
    return cost === null || Number.isNaN(stability.late.value)
      ? []
      : [{ name, stability: stability.late, cost }];
  });
  return arms
    .map((arm) => ({
      ...arm,
      onFront: !arms.some(
        (other) =>
          other.cost.value <= arm.cost.value &&
          other.stability.value >= arm.stability.value &&
          (other.cost.value < arm.cost.value || other.stability.value > arm.stability.value),
      ),
    }))
    .sort((a, b) => a.cost.value - b.cost.value || b.stability.value - a.stability.value);
}
