import { bootstrap, DIFFERENCES, differenceOf, type Estimate } from '../statistics/index.js';
import {
  lossIn,
  probedRounds,
  stabilityIn,
  type TrialArmRecords,
  type TrialRoundFilter,
} from './arm-records.js';

/** Differences between an arm and the arm off, paired by trial, with 95 % intervals; NaN if no round was probed. */
export interface ArmEffect {
  readonly name: string;
  /** Difference in stability after round 1. */
  readonly first: Estimate;
  /** Difference in stability over rounds 1 to 3. */
  readonly early: Estimate;
  /** Difference in stability over rounds 8 and later. */
  readonly late: Estimate;
  /** Difference in stability after the last probed round. */
  readonly last: Estimate;
  /** Difference in loss on the reference answers of rounds 1 to 3, in nats a token; null without reference passes. */
  readonly earlyLoss: Estimate | null;
  /** The same for rounds 8 and later. */
  readonly lateLoss: Estimate | null;
}

const isEarly: TrialRoundFilter = (round) => round <= 3;
const isLate: TrialRoundFilter = (round) => round >= 8;

/** Returns how an arm differs from the arm off. */
export function armEffect(off: TrialArmRecords, arm: TrialArmRecords): ArmEffect {
  const last = probedRounds(off.trials).at(-1)!;
  const stability = (has: TrialRoundFilter): Estimate =>
    bootstrap(off.trials.length, differenceOf(stabilityIn(arm.trials, has), stabilityIn(off.trials, has)), {
      range: DIFFERENCES,
    });
  const loss = (has: TrialRoundFilter): Estimate | null =>
    arm.references.length === 0
      ? null
      : bootstrap(
          off.references.length,
          differenceOf(lossIn(arm.references, has), lossIn(off.references, has)),
        );
  return {
    name: arm.name,
    first: stability((round) => round === 1),
    early: stability(isEarly),
    late: stability(isLate),
    last: stability((round) => round === last),
    earlyLoss: loss(isEarly),
    lateLoss: loss(isLate),
  };
}
