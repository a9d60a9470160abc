import {
  correlationAlong,
  correlationOf,
  type Estimate,
  meanOf,
  ofMembers,
  spearman,
} from '../statistics/index.js';
import type { Windows } from './course.js';
import type { Inference } from './inference.js';
import { between, only, probedRoundsOf, probeScores, type ReadRound, scoreOf, scoresIn } from './scores.js';
import type { ArmRecords } from './slices.js';

/**
 * Rank correlations (Spearman's ρ) of one arm's stability with the prompt's share of attention, the hypothesis of
 * Li et al. 2024. NaN if one of the two does not vary.
 */
export interface ShareCorrelation {
  readonly name: string;
  /** Between the means of each probed round. Any two quantities that fall as the dialogue grows correlate here. */
  readonly overRounds: Estimate;
  /** Between the late means of each dialogue: whether dialogues with a larger share are more stable. */
  readonly overDialogues: Estimate;
}

/** Returns the correlations of one arm; null if fewer than three rounds or three dialogues were probed. */
export function shareCorrelationOf(
  { name, shared: clusters }: ArmRecords,
  { late }: Windows,
  inference: Inference,
): ShareCorrelation | null {
  const readShare: ReadRound = (round) => scoreOf(round.share.after);
  const rounds = probedRoundsOf(clusters);
  const alone = clusters.flatMap((cluster, at) => cluster.map((dialogue) => ({ at, dialogue: [dialogue] })));
  const stability = scoresIn(
    alone.map(({ dialogue }) => dialogue),
    between(late),
    probeScores(),
  );
  const share = scoresIn(
    alone.map(({ dialogue }) => dialogue),
    between(late),
    readShare,
  );
  const pairs = alone.flatMap(({ at }, place) => {
    const { sum, count } = stability[place]!;
    return count === 0
      ? []
      : [{ at, stability: sum / count, share: share[place]!.sum / share[place]!.count }];
  });
  if (rounds.length < 3 || pairs.length < 3) return null;
  const points = rounds.map((round) => ({
    x: meanOf(scoresIn(clusters, only(round), readShare)),
    y: meanOf(scoresIn(clusters, only(round), probeScores())),
  }));
  const overDialogues = correlationOf(
    pairs.map((pair) => pair.share),
    pairs.map((pair) => pair.stability),
    spearman,
  );
  const members = clusters
    .map((_, at) => [...pairs.keys()].filter((place) => pairs[place]!.at === at))
    .filter(({ length }) => length > 0);
  return {
    name,
    overRounds: inference.estimate(clusters.length, correlationAlong(points, spearman)),
    overDialogues: inference.estimate(members.length, ofMembers(members, overDialogues)),
  };
}
