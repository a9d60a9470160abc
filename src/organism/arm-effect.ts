import { bootstrap, differenceOf, type Estimate } from '../statistics/index.js';
import { type ArmRecords, lossIn, probedRounds, type RoundFilter, stabilityIn } from './arm-records.js';

/** An arm less the arm off, paired by trial, with 95 % intervals; NaN where no round is meant. */
export interface ArmEffect {
  readonly name: string;
  /** Of stability after round 1, */
  readonly first: Estimate;
  /** over rounds 1 to 3, over rounds 8 and later, and after the last round that was probed. */
  readonly early: Estimate;
  readonly late: Estimate;
  readonly last: Estimate;
  /** Of the losses on reference answers over the same rounds, in nats a token; null where none were read. */
  readonly earlyLoss: Estimate | null;
  readonly lateLoss: Estimate | null;
}

const isEarly: RoundFilter = (round) => round <= 3;
const isLate: RoundFilter = (round) => round >= 8;

/** How an arm differs from the arm off. */
export function armEffect(off: ArmRecords, arm: ArmRecords): ArmEffect {
  const last = probedRounds(off.trials).at(-1)!;
  const stability = (has: RoundFilter): Estimate =>
    bootstrap(off.trials.length, differenceOf(stabilityIn(arm.trials, has), stabilityIn(off.trials, has)));
  const loss = (has: RoundFilter): Estimate | null =>
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
