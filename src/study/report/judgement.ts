import type { ArmCourse } from './course.js';

/** Below this a model does not do what it is told even at first, and has nothing to lose. */
export const FLOOR = 0.2;
/** A fall of ability or fluency by more than this part of what it was early is no longer drift alone. */
export const TOLERATED_FALL = 0.1;

/**
 * Whether a model is at the floor: the whole interval of the untouched arm's stability, after the first round that was
 * probed, lies below {@link FLOOR}. What a judge gives to chance is not known for every source, so the floor is a number.
 */
export function isAtFloor({ stability }: ArmCourse): boolean {
  const first = stability.rounds[0];
  return first !== undefined && first.high < FLOOR;
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
