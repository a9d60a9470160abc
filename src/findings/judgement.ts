import { type Estimate, meanOf, SCORES } from '../statistics/index.js';
import { isUntouched } from '../study/index.js';
import { aboveChanceScores, chanceScores } from './chance.js';
import type { ArmCourse, RoundEstimate } from './course.js';
import { FEWEST, type Inference } from './inference.js';
import { only, probedRoundsOf, probeScores, type ReadRound, scoresIn } from './scores.js';
import { type ArmRecords, baselineOf, type Slice } from './slices.js';
import type { ReportedSpec } from './study-result.js';

/** If ability or fluency falls by more than this fraction, the model degrades as a whole: it is not drift alone. */
export const TOLERATED_FALL = 0.1;

/** The evidence that a model is at the floor. */
export interface Floor {
  readonly arm: string;
  /** Stability after the first round that was probed. */
  readonly first: RoundEstimate;
  /** What the same probes score by chance. */
  readonly chance: Estimate;
  readonly aboveChance: Estimate;
}

/**
 * Returns the evidence that a model is at the floor; null if it is not, if chance is not known, or if there are too few
 * clusters for an interval. A model is at the floor if the stability above chance of the untouched arm (without one, of
 * the baseline) after the first probed round has an interval that is not entirely above zero: it cannot be told from a
 * model that was never given the prompt.
 */
export function floorOf(slice: Slice, spec: ReportedSpec, inference: Inference): Floor | null {
  const judged = untouchedOf(slice, spec);
  const round = judged === undefined ? undefined : probedRoundsOf(judged.shared)[0];
  if (judged === undefined || round === undefined || judged.shared.length < FEWEST) return null;
  const estimate = (read: ReadRound): Estimate =>
    inference.estimate(judged.shared.length, meanOf(scoresIn(judged.shared, only(round), read)), SCORES);
  const chance = estimate(chanceScores(slice.chance));
  if (Number.isNaN(chance.value)) return null;
  // Resampled: a bound by the range −1…1 would include zero for a model that follows few prompts, none of them by chance.
  const above = scoresIn(judged.shared, only(round), aboveChanceScores(slice.chance));
  const aboveChance = inference.estimate(judged.shared.length, meanOf(above));
  // Without an interval, all prompts are alike; without a value, every answer passes by chance.
  const least = Number.isNaN(aboveChance.low) ? aboveChance.value : aboveChance.low;
  if (least > 0) return null;
  return { arm: judged.name, first: { round, ...estimate(probeScores()) }, chance, aboveChance };
}

/** Returns the untouched arm that was run, or else the baseline; undefined if neither was. */
export function untouchedOf(slice: Slice, { arms }: ReportedSpec): ArmRecords | undefined {
  const untouched = arms.filter(isUntouched).map(({ name }) => name);
  return slice.arms.find(({ name }) => untouched.includes(name)) ?? baselineOf(slice);
}

/** A fall of ability or fluency over a dialogue. */
export interface Fall {
  readonly what: 'ability' | 'fluency';
  readonly early: number;
  readonly late: number;
  /** The loss as a fraction of `early`. */
  readonly part: number;
}

/** Returns falls of ability and fluency larger than {@link TOLERATED_FALL}: signs that the model degrades as a whole. */
export function fallsOf(course: ArmCourse): Fall[] {
  return (['ability', 'fluency'] as const).flatMap((what) => {
    const early = course[what].early.value;
    const late = course[what].late.value;
    const part = 1 - late / early;
    return part > TOLERATED_FALL ? [{ what, early, late, part }] : [];
  });
}
