import { answerScore } from '../influence/index.js';
import {
  type Estimate,
  halfLifeOf,
  meanOf,
  pairedDifferences,
  quotientOf,
  type Score,
  type Statistic,
  totalOf,
} from '../statistics/index.js';
import { type Contrast, type InfluenceRecord, isUntouched } from '../study/index.js';
import { clustered } from './clusters.js';
import type { RoundEstimate, Windows } from './course.js';
import type { WindowName } from './effects.js';
import type { Tested } from './families.js';
import type { Inference } from './inference.js';
import { type PlanCheck, type Standing, standingOf } from './plan-check.js';
import { between, only, type RoundFilter } from './scores.js';
import type { Slice } from './slices.js';
import type { ReportedSpec } from './study-result.js';

/** The influence of the prompt under one arm beside one reference, in nats a token; every answer counts once. */
export interface ArmInfluence {
  readonly name: string;
  /** The reference's name in the specification. */
  readonly reference: string;
  readonly dialogues: number;
  readonly rounds: readonly RoundEstimate[];
  readonly early: Estimate;
  readonly late: Estimate;
  /** In rounds; infinite if it does not fall. */
  readonly halfLife: Estimate;
  /**
   * Late influence divided by the untouched arm's on the same answers: NaN if the untouched arm has none, null for that arm
   * itself and for the total influence.
   */
  readonly ratio: Estimate | null;
  /** Tokens forwarded to measure a dialogue beside all references, the mean. */
  readonly forwardedTokens: number;
  readonly forwardPasses: number;
}

/** One arm's influence minus another's over some rounds, on the same answers, in nats a token. */
export interface InfluenceEffect extends Tested {
  readonly arm: string;
  readonly against: string;
  readonly reference: string;
  readonly window: WindowName;
  /** Its place in the analysis plan. A primary outcome is the influence beside the first reference. */
  readonly standing: Standing;
  readonly dialogues: number;
  readonly clusters: number;
  readonly difference: Estimate;
}

/** An influence effect before its test. */
export type UntestedInfluence = Omit<InfluenceEffect, keyof Tested> & {
  readonly differences: readonly Score[];
};

/** The records of the arms of a slice on the dialogues that all measured arms have, in the same clusters and order. */
export interface MeasuredArms {
  /** `[clusters][dialogues]` by arm. */
  readonly arms: ReadonlyMap<string, readonly (readonly InfluenceRecord[])[]>;
  readonly references: readonly string[];
  readonly dialogues: number;
  readonly clusters: number;
}

/**
 * Returns the influence records of a slice that can be compared.
 * @param effect the direct influence or the total one
 */
export function measuredArms(
  { measured: all }: Pick<Slice, 'measured'>,
  effect: 'influence' | 'total' = 'influence',
): MeasuredArms {
  const measured = all
    .map((arm) => ({ name: arm.name, influence: arm[effect] }))
    .filter(({ influence }) => influence.length > 0);
  const keyOf = ({ index, seed }: InfluenceRecord): string => JSON.stringify([index, seed]);
  const counts = new Map<string, number>();
  for (const record of measured.flatMap(({ influence }) => influence)) {
    counts.set(keyOf(record), (counts.get(keyOf(record)) ?? 0) + 1);
  }
  const shared = new Map(
    measured.map(({ name, influence }) => {
      const own = influence.filter((record) => counts.get(keyOf(record)) === measured.length);
      return [name, clustered(own, (record) => record)];
    }),
  );
  const first = [...shared.values()][0] ?? [];
  return {
    arms: shared,
    references: first[0]?.[0]?.references.map(({ name }) => name) ?? [],
    dialogues: first.flat().length,
    clusters: first.length,
  };
}

/** Returns the sum of nats a token over the answers of the given rounds of each cluster, and the number of answers. */
export function influenceScores(
  clusters: readonly (readonly InfluenceRecord[])[],
  reference: string,
  has: RoundFilter,
): Score[] {
  return clusters.map((records) =>
    totalOf(
      records
        .flatMap(({ references }) => references.find(({ name }) => name === reference)?.rounds ?? [])
        .filter(({ round, count }) => has(round) && count > 0)
        .map(answerScore),
    ),
  );
}

/**
 * Computes the influence under every arm, beside every reference.
 * @param sameAnswers whether the arms are measured on the same answers, so that their ratio to the untouched one says something
 */
export function influencesOf(
  slice: Slice,
  spec: ReportedSpec,
  measured: MeasuredArms,
  inference: Inference,
  sameAnswers = true,
): ArmInfluence[] {
  const { arms, references, dialogues, clusters } = measured;
  if (clusters === 0) return [];
  const rounds = measuredRounds(measured);
  const untouched = sameAnswers ? spec.arms.find(isUntouched)?.name : undefined;
  const estimate = (statistic: Statistic): Estimate => inference.estimate(clusters, statistic);
  return references.flatMap((reference) =>
    slice.measured.flatMap(({ name }): ArmInfluence[] => {
      const records = arms.get(name);
      if (records === undefined) return [];
      const over = (has: RoundFilter, of = records): Statistic => meanOf(influenceScores(of, reference, has));
      const late = over(between(spec.late));
      const first = untouched === undefined || untouched === name ? undefined : arms.get(untouched);
      const mean = (read: (record: InfluenceRecord) => number): number =>
        records.flat().reduce((sum, record) => sum + read(record), 0) / dialogues;
      return [
        {
          ...{ name, reference, dialogues },
          rounds: rounds.map((round) => ({ round, ...estimate(over(only(round))) })),
          early: estimate(over(between(spec.early))),
          late: estimate(late),
          halfLife: estimate(halfLifeOf(rounds.map((round) => ({ x: round, y: over(only(round)) })))),
          ratio: first === undefined ? null : estimate(quotientOf(late, over(between(spec.late), first))),
          forwardedTokens: mean((record) => record.forwardedTokens),
          forwardPasses: mean((record) => record.forwardPasses),
        },
      ];
    }),
  );
}

/** Returns the measured rounds that have an answer with tokens, ascending. */
function measuredRounds({ arms }: MeasuredArms): number[] {
  const [records = []] = [...arms.values()];
  const all = records.flat().flatMap(({ references }) => references[0]!.rounds);
  return [...new Set(all.filter(({ count }) => count > 0).map(({ round }) => round))].sort((a, b) => a - b);
}

/** Computes the differences of influence of contrasts; see {@link InfluenceEffect}. */
export function influenceEffectsOf(
  measured: MeasuredArms,
  { contrasts, plan }: { readonly contrasts: readonly Contrast[]; readonly plan: PlanCheck },
  { early, late }: Windows,
  inference: Inference,
): UntestedInfluence[] {
  const { arms, references, dialogues } = measured;
  const last = measuredRounds(measured).at(-1);
  const windows: readonly { readonly window: WindowName; readonly has: RoundFilter }[] = [
    { window: 'early', has: between(early) },
    { window: 'late', has: between(late) },
    ...(last === undefined ? [] : [{ window: 'last' as const, has: only(last) }]),
  ];
  return references.flatMap((reference, place) =>
    contrasts.flatMap((contrast) => {
      const [left, right] = [arms.get(contrast.left), arms.get(contrast.right)];
      if (left === undefined || right === undefined) return [];
      return windows.flatMap(({ window, has }): UntestedInfluence[] => {
        const [ofLeft, ofRight] = [left, right].map((own) => influenceScores(own, reference, has));
        const differences = pairedDifferences(ofLeft!, ofRight!).filter(({ count }) => count > 0);
        if (differences.length === 0) return [];
        const standing = standingOf(plan, contrast, `${window} influence`);
        return [
          {
            ...{ arm: contrast.left, against: contrast.right, reference, window, dialogues },
            standing: standing === 'primary' && place > 0 ? 'planned' : standing,
            clusters: differences.length,
            difference: inference.estimate(differences.length, meanOf(differences)),
            differences,
          },
        ];
      });
    }),
  );
}
