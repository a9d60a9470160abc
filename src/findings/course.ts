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
import {
  aboveChanceScores,
  type ChanceBook,
  type ChanceLevel,
  chanceLevelOf,
  chanceScores,
  knownChance,
} from './chance.js';
import { type Clusters, type Sample, sampleOf } from './clusters.js';
import type { Measured } from './dialogues.js';
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
  readMeasured,
  roundsOf,
  scoresInEach,
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

const ATTENTION = [
  // Tokens of the context when the answer began.
  'contextTokens',
  'before',
  'after',
  'median',
  'ninetieth',
  'above',
  'below',
  'sink',
  'template',
  'random',
] as const satisfies readonly Measured[];

/** The distribution of attention over rows × heads that see furthest, in one round: means over dialogues, NaN if none has a value. */
export type AttentionRound = { readonly round: number } & Readonly<
  Record<(typeof ATTENTION)[number], number>
>;

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
  const estimated = (means: CourseMeans): Course => estimateCourse(means, dialogues.length, inference);
  const course = (read: ReadRound): Course => estimated(courseMeans(dialogues, rounds, read, windows));
  const stability = courseMeans(dialogues, probed, probeScores(), windows);
  return {
    name: arm.name,
    sample: sampleOf(dialogues),
    stability: estimated(stability),
    slope: inference.estimate(
      dialogues.length,
      slopeOf(stability.rounds.map(({ round, mean }) => ({ x: round, y: mean }))),
      slopeRange(probed, SCORES),
    ),
    obedience: course(readMeasured('obedience')),
    ability: course(readMeasured('ability')),
    fluency: course(readMeasured('fluency')),
    share: { before: course(readMeasured('before')), after: course(readMeasured('after')) },
    attention: attentionOf(dialogues, rounds),
    aboveChance: aboveChanceOf(dialogues, chance, windows, inference),
    parts: partsOf(dialogues).map(({ kind, name, has }) => {
      const own = dialogues.filter((cluster) => hasProbe(cluster, has));
      const [late] = aboveChanceIn(own, chance, has, [between(windows.late)]);
      return {
        kind,
        name,
        stability: estimateCourse(courseMeans(own, probed, probeScores(has), windows), own.length, inference),
        chance: chanceLevelOf(own, chance, inference, has),
        aboveChance: { late: inference.estimate(own.length, late!.above, late!.range) },
      };
    }),
  };
}

/** The means of a course, as statistics of the clusters. */
interface CourseMeans {
  readonly early: Statistic;
  readonly late: Statistic;
  readonly rounds: readonly { readonly round: number; readonly mean: Statistic }[];
}

function courseMeans(
  dialogues: Clusters,
  rounds: readonly number[],
  read: ReadRound,
  windows: Windows,
): CourseMeans {
  const selections = [between(windows.early), between(windows.late), ...rounds.map(only)];
  const [early, late, ...each] = scoresInEach(dialogues, selections, read).map(meanOf);
  return {
    early: early!,
    late: late!,
    rounds: rounds.map((round, at) => ({ round, mean: each[at]! })),
  };
}

/** Estimates a course of scores between 0 and 1. */
function estimateCourse(
  { early, late, rounds }: CourseMeans,
  clusters: number,
  inference: Inference,
): Course {
  const estimate = (statistic: Statistic, range = SCORES): Estimate =>
    inference.estimate(clusters, statistic, range);
  return {
    rounds: rounds.map(({ round, mean }) => ({ round, ...estimate(mean) })),
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
  const [early, late] = [between(windows.early), between(windows.late)];
  const either: RoundFilter = (round) => early(round) || late(round);
  const [ofEarly, ofLate, ofEither] = aboveChanceIn(dialogues, chance, everyProbe, [early, late, either]);
  const estimate = ({ above, range }: AboveChance): Estimate =>
    inference.estimate(dialogues.length, above, range);
  return {
    early: estimate(ofEarly!),
    late: estimate(ofLate!),
    change: inference.estimate(
      dialogues.length,
      differenceOf(ofLate!.above, ofEarly!.above),
      changeRangeAboveChance(differenceOf(ofLate!.stability, ofEarly!.stability), ofEither!.chance),
    ),
  };
}

/** Stability above chance in some rounds, as statistics of the clusters. */
interface AboveChance {
  readonly above: Statistic;
  /** Stability itself, over the probes whose chance is known. */
  readonly stability: Statistic;
  /** What these probes score by chance. */
  readonly chance: Statistic;
  /** The range of intervals; see {@link rangeAboveChance}. */
  readonly range: ReturnType<typeof rangeAboveChance>;
}

/** Returns stability above chance for each selection of rounds, `[selections]`. */
function aboveChanceIn(
  dialogues: Clusters,
  book: ChanceBook,
  has: ProbeFilter,
  selections: readonly RoundFilter[],
): AboveChance[] {
  const meansOf = (read: ReadRound): Statistic[] => scoresInEach(dialogues, selections, read).map(meanOf);
  const stability = meansOf(probeScores(knownChance(book, has)));
  const chance = meansOf(chanceScores(book, has));
  return meansOf(aboveChanceScores(book, has)).map((above, at) => ({
    ...{ above, stability: stability[at]!, chance: chance[at]! },
    range: rangeAboveChance(stability[at]!, chance[at]!),
  }));
}

/** Returns whether any probe that a filter selects was asked in a cluster. */
const hasProbe = (cluster: Clusters[number], has: ProbeFilter): boolean =>
  cluster.some((dialogue) => {
    const { rounds, from, to } = dialogue;
    for (let probe = rounds.probesFrom[from]!; probe < rounds.probesFrom[to]!; probe++) {
      if (has(probe, dialogue)) return true;
    }
    return false;
  });

/** Returns the distribution of attention in each round, `[rounds]`. */
function attentionOf(dialogues: Clusters, rounds: readonly number[]): AttentionRound[] {
  const all = [dialogues.flat()];
  const means = ATTENTION.map((name) =>
    scoresInEach(all, rounds.map(only), readMeasured(name)).map(([score]) => score!.sum / score!.count),
  );
  return rounds.map((round, at) => ({
    round,
    ...(Object.fromEntries(ATTENTION.map((name, index) => [name, means[index]![at]!])) as Record<
      (typeof ATTENTION)[number],
      number
    >),
  }));
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
  const labels = namesOf(labelsOf(all));
  const byGroup = groups.map(
    (name): Part => ({ kind: 'group', name, has: (_, { group }) => group === name }),
  );
  const byLabel = labels.map(
    (name): Part => ({
      kind: 'asked about',
      name,
      has: (probe, { rounds: { labels, asked } }) => labels[asked[probe]!] === name,
    }),
  );
  const same = groups.length === labels.length && groups.every((name, at) => name === labels[at]);
  return [byGroup, same ? [] : byLabel].filter((parts) => parts.length > 1).flat();
}

/** Returns the labels of the dialogues' probes, some of them more than once. */
function labelsOf(dialogues: Clusters[number]): string[] {
  const found = new Set<number>();
  for (const { rounds, from, to } of dialogues) {
    for (let probe = rounds.probesFrom[from]!; probe < rounds.probesFrom[to]!; probe++) {
      found.add(rounds.asked[probe]!);
    }
  }
  return [...found].map((asked) => dialogues[0]!.rounds.labels[asked]!);
}

const namesOf = (names: readonly string[]): string[] => [...new Set(names)].sort();
