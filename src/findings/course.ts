import {
  changeRangeAboveChance,
  DIFFERENCES,
  differenceOf,
  type Estimate,
  meanOf,
  rangeAboveChance,
  SCORES,
  type Statistic,
  slopeOf,
  slopeRange,
} from '../statistics/index.js';
import type { RoundRecord } from '../study/index.js';
import {
  aboveChanceScores,
  type ChanceBook,
  type ChanceLevel,
  chanceLevelOf,
  chanceScores,
  knownChance,
} from './chance.js';
import { type Clusters, type Sample, sampleOf } from './clusters.js';
import type { Inference } from './inference.js';
import {
  between,
  everyProbe,
  only,
  type ProbeFilter,
  probedRoundsOf,
  probeScores,
  type ReadRound,
  type RoundFilter,
  roundsOf,
  scoreOf,
  scoresIn,
} from './scores.js';
import type { ArmRecords } from './slices.js';
import type { ReportedSpec } from './study-result.js';

/** The rounds that count as early and as late. */
export type Windows = Pick<ReportedSpec, 'early' | 'late'>;

/** A mean in one round. */
export interface RoundEstimate extends Estimate {
  readonly round: number;
}

/** A mean per round, in the early and in the late rounds, and its change; the mean of no values is NaN. */
export interface Course {
  readonly rounds: readonly RoundEstimate[];
  readonly early: Estimate;
  readonly late: Estimate;
  /** Late minus early. */
  readonly change: Estimate;
}

/** The course of an arm over the rounds, with 95 % intervals over clusters. */
export interface ArmCourse {
  readonly name: string;
  readonly sample: Sample;
  /** Mean score of the probes. */
  readonly stability: Course;
  /** Stability above chance, Σ (s − c) / Σ (1 − c), over the probes whose chance is known. */
  readonly aboveChance: Omit<Course, 'rounds'>;
  /** Least-squares slope of stability over probed rounds, per round. */
  readonly slope: Estimate;
  /** Scores of the dialogue's own answers: obedient to the system prompt, otherwise correct (ability), fluent. */
  readonly obedience: Course;
  readonly ability: Course;
  readonly fluency: Course;
  /** The prompt's share of attention. */
  readonly share: { readonly before: Course; readonly after: Course };
  /** Distribution of attention in each round. */
  readonly attention: readonly AttentionRound[];
  /** Stability by group of prompts, and by what probes ask about if that differs from the groups. */
  readonly parts: readonly PartCourse[];
}

/** The distribution of attention over rows × heads that see furthest, in one round: means over dialogues, NaN if none has a value. */
export interface AttentionRound {
  readonly round: number;
  /** Tokens of the context when the answer began. */
  readonly contextTokens: number;
  readonly before: number;
  readonly after: number;
  readonly median: number;
  readonly ninetieth: number;
  readonly above: number;
  readonly below: number;
  readonly sink: number;
  readonly template: number;
  readonly random: number;
}

/** Stability on one group of prompts, or on one kind of probe. */
export interface PartCourse {
  readonly kind: 'group' | 'asked about';
  readonly name: string;
  readonly stability: Course;
  /** What its probes score by chance; null if unknown. */
  readonly chance: ChanceLevel | null;
  readonly aboveChance: Pick<Course, 'late'>;
}

/** Computes the course of an arm over the dialogues that all arms share. */
export function courseOf(
  arm: ArmRecords,
  chance: ChanceBook,
  windows: Windows,
  inference: Inference,
): ArmCourse {
  const dialogues = arm.shared;
  const rounds = roundsOf(dialogues);
  const probed = probedRoundsOf(dialogues);
  const course = (read: ReadRound, at = rounds): Course =>
    measureCourse(dialogues, at, read, windows, inference);
  return {
    name: arm.name,
    sample: sampleOf(dialogues),
    stability: course(probeScores(), probed),
    slope: inference.estimate(
      dialogues.length,
      stabilitySlope(dialogues, probed),
      slopeRange(probed, SCORES),
    ),
    obedience: course(({ obedience }) => scoreOf(obedience)),
    ability: course(({ ability }) => scoreOf(ability)),
    fluency: course(({ fluency }) => scoreOf(fluency)),
    share: {
      before: course(({ share }) => scoreOf(share.before)),
      after: course(({ share }) => scoreOf(share.after)),
    },
    attention: rounds.map((round) => attentionIn(dialogues, round)),
    aboveChance: aboveChanceOf(dialogues, chance, windows, inference),
    parts: partsOf(dialogues).map(({ kind, name, has }) => {
      const own = dialogues.filter((cluster) => hasScore(cluster, probeScores(has)));
      return {
        kind,
        name,
        stability: measureCourse(own, probed, probeScores(has), windows, inference),
        chance: chanceLevelOf(own, chance, inference, has),
        aboveChance: { late: aboveChanceIn(own, chance, has, inference)(between(windows.late)) },
      };
    }),
  };
}

/** Returns the slope of stability over the probed rounds, as a statistic of the clusters. */
function stabilitySlope(dialogues: Clusters, probed: readonly number[]): Statistic {
  return slopeOf(
    probed.map((round) => ({ x: round, y: meanOf(scoresIn(dialogues, only(round), probeScores())) })),
  );
}

/** Measures a course of scores between 0 and 1. */
function measureCourse(
  dialogues: Clusters,
  rounds: readonly number[],
  read: ReadRound,
  windows: Windows,
  inference: Inference,
): Course {
  const estimate = (statistic: Statistic, range = SCORES): Estimate =>
    inference.estimate(dialogues.length, statistic, range);
  const meanIn = (has: RoundFilter): Statistic => meanOf(scoresIn(dialogues, has, read));
  const [early, late] = [meanIn(between(windows.early)), meanIn(between(windows.late))];
  return {
    rounds: rounds.map((round) => ({ round, ...estimate(meanIn(only(round))) })),
    early: estimate(early),
    late: estimate(late),
    change: estimate(differenceOf(late, early), DIFFERENCES),
  };
}

/** Measures stability above chance in early and late rounds, and its change. */
function aboveChanceOf(
  dialogues: Clusters,
  chance: ChanceBook,
  windows: Windows,
  inference: Inference,
): ArmCourse['aboveChance'] {
  const meanIn = (at: RoundFilter, read: ReadRound): Statistic => meanOf(scoresIn(dialogues, at, read));
  const above = (at: RoundFilter): Statistic => meanIn(at, aboveChanceScores(chance));
  const stability = (at: RoundFilter): Statistic => meanIn(at, probeScores(knownChance(chance, everyProbe)));
  const estimate = aboveChanceIn(dialogues, chance, everyProbe, inference);
  const [early, late] = [between(windows.early), between(windows.late)];
  return {
    early: estimate(early),
    late: estimate(late),
    change: inference.estimate(
      dialogues.length,
      differenceOf(above(late), above(early)),
      changeRangeAboveChance(
        differenceOf(stability(late), stability(early)),
        meanIn((round) => early(round) || late(round), chanceScores(chance)),
      ),
    ),
  };
}

/** Returns an estimator of stability above chance in some rounds. Its intervals have the range of {@link rangeAboveChance}. */
function aboveChanceIn(
  dialogues: Clusters,
  chance: ChanceBook,
  has: ProbeFilter,
  inference: Inference,
): (at: RoundFilter) => Estimate {
  return (at) => {
    const meanOver = (read: ReadRound): Statistic => meanOf(scoresIn(dialogues, at, read));
    return inference.estimate(
      dialogues.length,
      meanOver(aboveChanceScores(chance, has)),
      rangeAboveChance(meanOver(probeScores(knownChance(chance, has))), meanOver(chanceScores(chance, has))),
    );
  };
}

const hasScore = (cluster: Clusters[number], read: ReadRound): boolean =>
  cluster.some((dialogue) => dialogue.rounds.some((round) => read(round, dialogue).count > 0));

function attentionIn(dialogues: Clusters, round: number): AttentionRound {
  const records = dialogues.flat().flatMap(({ rounds }) => rounds.filter((record) => record.round === round));
  const mean = (read: (record: RoundRecord) => number | null): number => {
    const values = records.map(read).filter((value) => value !== null);
    return values.reduce((sum, value) => sum + value, 0) / values.length;
  };
  return {
    round,
    contextTokens: mean(({ contextTokens }) => contextTokens),
    before: mean(({ share }) => share.before),
    after: mean(({ share }) => share.after),
    median: mean(({ spread }) => spread?.median ?? null),
    ninetieth: mean(({ spread }) => spread?.ninetieth ?? null),
    above: mean(({ spread }) => spread?.above ?? null),
    below: mean(({ spread }) => spread?.below ?? null),
    sink: mean(({ controls }) => controls.sink),
    template: mean(({ controls }) => controls.template),
    random: mean(({ controls }) => controls.random),
  };
}

interface Part {
  readonly kind: PartCourse['kind'];
  readonly name: string;
  readonly has: ProbeFilter;
}

/** Returns groups of prompts, and labels of probes if these differ from the groups. A single part is left out. */
function partsOf(dialogues: Clusters): Part[] {
  const all = dialogues.flat();
  const groups = namesOf(all.map(({ group }) => group));
  const labels = namesOf(
    all.flatMap(({ rounds }) => rounds.flatMap(({ probes }) => probes.map(({ label }) => label))),
  );
  const byGroup = groups.map(
    (name): Part => ({ kind: 'group', name, has: (_, { group }) => group === name }),
  );
  const byLabel = labels.map(
    (name): Part => ({ kind: 'asked about', name, has: ({ label }) => label === name }),
  );
  const same = groups.length === labels.length && groups.every((name, at) => name === labels[at]);
  return [byGroup, same ? [] : byLabel].filter((parts) => parts.length > 1).flat();
}

const namesOf = (names: readonly string[]): string[] => [...new Set(names)].sort();
