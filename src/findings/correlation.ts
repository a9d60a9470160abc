import { correlationAlong, correlationOf, type Estimate, meanOf, spearman } from '../statistics/index.js';
import type { Windows } from './course.js';
import type { Inference } from './inference.js';
import { between, only, probedRoundsOf, probeScores, type ReadRound, scoreOf, scoresIn } from './scores.js';
import type { ArmRecords } from './slices.js';

/**
 * Whether stability goes with the share of attention that the system prompt gets (the hypothesis of Li et al. 2024),
 * of one arm: rank correlations (Spearman's ρ), NaN where one of the two does not change.
 */
export interface ShareCorrelation {
  readonly name: string;
  /** Of the two means, over probed rounds: whatever falls with a dialogue's length goes with everything else that does. */
  readonly overRounds: Estimate;
  /** Of the means in late rounds, over dialogues: whether those that look at their prompt more also keep to it more. */
  readonly overDialogues: Estimate;
}

/** @returns null for fewer than three rounds or scenarios that were probed */
export function shareCorrelationOf(
  { name, shared: dialogues }: ArmRecords,
  { late }: Windows,
  inference: Inference,
): ShareCorrelation | null {
  const readShare: ReadRound = (round) => scoreOf(round.share.after);
  const rounds = probedRoundsOf(dialogues);
  const stability = scoresIn(dialogues, between(late), probeScores());
  const share = scoresIn(dialogues, between(late), readShare);
  const pairs = stability.flatMap(({ sum, count }, at) =>
    count === 0 ? [] : [{ stability: sum / count, share: share[at]!.sum / share[at]!.count }],
  );
  if (rounds.length < 3 || pairs.length < 3) return null;
  const points = rounds.map((round) => ({
    x: meanOf(scoresIn(dialogues, only(round), readShare)),
    y: meanOf(scoresIn(dialogues, only(round), probeScores())),
  }));
  const overDialogues = correlationOf(
    pairs.map((pair) => pair.share),
    pairs.map((pair) => pair.stability),
    spearman,
  );
  return {
    name,
    overRounds: inference.estimate(dialogues.length, correlationAlong(points, spearman)),
    overDialogues: inference.estimate(pairs.length, overDialogues),
  };
}
