import {
  correlationAlong,
  type Estimate,
  meanOf,
  ofMembers,
  partialRankCorrelationOf,
  rankCorrelationOf,
  type Statistic,
  spearman,
} from '../statistics/index.js';
import type { Clusters } from './clusters.js';
import type { Windows } from './course.js';
import type { Inference } from './inference.js';
import {
  between,
  only,
  probedRoundsOf,
  probeScores,
  type ReadRound,
  readMeasured,
  scoreIn,
  scoreOf,
  scoresInEach,
} from './scores.js';
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
  /** The same, with the length of the prompt taken into account; null in records that do not have it. */
  readonly byLength: LengthCorrelation | null;
}

/**
 * Correlations over dialogues, late, that take the prompt's token fraction into account: its tokens divided by those of the
 * context. Uniform attention gives a prompt this share, so a long prompt in a short dialogue has a larger share whatever
 * the model does.
 */
export interface LengthCorrelation {
  /** Of share and token fraction: how much of the share is length. */
  readonly ofShare: Estimate;
  /** Of share and stability given the token fraction: the partial rank correlation. */
  readonly given: Estimate;
  /** Of stability and share ÷ token fraction: the attention that a token of the prompt gets, beside that of any token. */
  readonly perToken: Estimate;
}

/** The late means of one dialogue. */
interface LateMeans {
  /** Index of its cluster. */
  readonly cluster: number;
  readonly stability: number;
  readonly share: number;
  /** NaN if unknown. */
  readonly tokenFraction: number;
}

/** Returns the correlations of one arm; null if fewer than three rounds or three dialogues were probed. */
export function shareCorrelationOf(
  { name, shared: clusters }: ArmRecords,
  { late }: Windows,
  inference: Inference,
): ShareCorrelation | null {
  const rounds = probedRoundsOf(clusters);
  if (rounds.length < 3) return null;
  const dialogues = lateMeansOf(clusters, late);
  if (dialogues.length < 3) return null;
  const course = (read: ReadRound): Statistic[] => scoresInEach(clusters, rounds.map(only), read).map(meanOf);
  const [shares, stabilities] = [course(readShare), course(probeScores())];
  const points = shares.map((x, at) => ({ x, y: stabilities[at]! }));
  const ofCluster = clusters.map((): number[] => []);
  for (const [at, { cluster }] of dialogues.entries()) ofCluster[cluster]!.push(at);
  const members = ofCluster.filter(({ length }) => length > 0);
  const over = (statistic: Statistic): Estimate =>
    inference.estimate(members.length, ofMembers(members, statistic), undefined, dialogues.length);
  const share = dialogues.map((dialogue) => dialogue.share);
  const stability = dialogues.map((dialogue) => dialogue.stability);
  const fraction = dialogues.map((dialogue) => dialogue.tokenFraction);
  const perToken = share.map((each, at) => each / fraction[at]!);
  return {
    name,
    overRounds: inference.estimate(clusters.length, correlationAlong(points, spearman)),
    overDialogues: over(rankCorrelationOf(share, stability)),
    byLength: fraction.some(Number.isNaN)
      ? null
      : {
          ofShare: over(rankCorrelationOf(share, fraction)),
          given: over(partialRankCorrelationOf(share, stability, fraction)),
          perToken: over(rankCorrelationOf(perToken, stability)),
        },
  };
}

const readStability = probeScores();
const readShare = readMeasured('after');
const readFraction: ReadRound = (row, { rounds: { measured } }) =>
  scoreOf(measured.systemTokens[row]! / measured.contextTokens[row]!);

/** Returns the late means of every dialogue that has late probes and a late share. */
function lateMeansOf(clusters: Clusters, late: Windows['late']): LateMeans[] {
  const isLate = between(late);
  return clusters.flatMap((dialogues, cluster) =>
    dialogues.flatMap((dialogue) => {
      const meanIn = (read: ReadRound): number => {
        const { sum, count } = scoreIn(dialogue, isLate, read);
        return sum / count;
      };
      const means = {
        cluster,
        stability: meanIn(readStability),
        share: meanIn(readShare),
        tokenFraction: meanIn(readFraction),
      };
      return Number.isNaN(means.stability) || Number.isNaN(means.share) ? [] : [means];
    }),
  );
}
