import { meanOf } from '../statistics/index.js';
import type { ArmCourse, RoundEstimate } from './course.js';
import type { Inference } from './inference.js';
import { only, probedRoundsOf, probeScores, scoresIn } from './scores.js';
import { baselineOf, type Slice } from './slices.js';
import type { ReportedArm, ReportedSpec } from './study-result.js';

/** Below this a model does not do what it is told even at first, and has nothing to lose. */
export const FLOOR = 0.2;
/** A fall of ability or fluency by more than this part of what it was early is no longer drift alone. */
export const TOLERATED_FALL = 0.1;

/** Why a model is called to be at the floor. */
export interface Floor {
  readonly arm: string;
  /** Stability after the first round that was probed. */
  readonly first: RoundEstimate;
}

/**
 * A model is at the floor when the whole interval of the untouched arm's stability, after the first round that was
 * probed, lies below {@link FLOOR}; of a study without such an arm, of the first arm's. What a judge gives to chance is
 * not known for every source, so the floor is a number.
 */
export function floorOf(slice: Slice, { arms }: ReportedSpec, inference: Inference): Floor | null {
  const untouched = arms.filter(isUntouched).map(({ name }) => name);
  const judged = slice.arms.find(({ name }) => untouched.includes(name)) ?? baselineOf(slice);
  const round = judged === undefined ? undefined : probedRoundsOf(judged.shared)[0];
  if (judged === undefined || round === undefined) return null;
  const scores = scoresIn(judged.shared, only(round), probeScores());
  const first = { round, ...inference.estimate(scores.length, meanOf(scores)) };
  return first.high < FLOOR ? { arm: judged.name, first } : null;
}

/** Whether an arm leaves the model as it is. */
export function isUntouched({ policy, silence, guidance, repeatEvery }: ReportedArm): boolean {
  return policy === 'off' && silence === null && guidance === null && repeatEvery === null;
}

/** A faculty beside obedience that falls with the dialogue. */
export interface Fall {
  readonly what: 'ability' | 'fluency';
  readonly early: number;
  readonly late: number;
  /** What is lost, as a part of `early`. */
  readonly part: number;
}

/** What else an arm loses over a dialogue, by more than is tolerated: a model that falls apart is not drifting. */
export function fallsOf(course: ArmCourse): Fall[] {
  return (['ability', 'fluency'] as const).flatMap((what) => {
    const early = course[what].early.value;
    const late = course[what].late.value;
    const part = 1 - late / early;
    return part > TOLERATED_FALL ? [{ what, early, late, part }] : [];
  });
}
