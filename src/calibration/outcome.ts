import type { StudyResult } from '../findings/index.js';
import { answerScore } from '../influence/index.js';
import {
  createBootstrap,
  DIFFERENCES,
  type Estimate,
  meanOf,
  NO_INTERVAL,
  pairedDifferences,
  pairedPermutation,
  type Range,
  SCORES,
  type Score,
  skewedMeanTest,
  totalOf,
} from '../statistics/index.js';
import type { Outcome } from './prompt-study.js';
import { controlOf, type Rounds } from './settings.js';

/** A mean in one round. */
export interface RoundMean extends Estimate {
  readonly round: number;
}

/** What an arm achieves, over dialogues of one prompt. Intervals are over dialogues. */
export interface ArmOutcome {
  readonly name: string;
  readonly rounds: readonly RoundMean[];
  readonly late: Estimate;
  /** Late, minus the untouched model on the same dialogues. */
  readonly gain: Estimate;
  /**
   * Late influence, minus that of the setting's control on the same dialogues: the part of the gain that strengthening a random
   * span does not give. Null for stability, which needs no such control, and for arms without one.
   */
  readonly beyond: Estimate | null;
  /**
   * The p-value of what counts, {@link countedGain}: the larger one of the paired permutation test and the test of the mean. 1 if
   * there is nothing to test.
   */
  readonly p: number;
  readonly dialogues: number;
}

/** Returns the gain that shows whether a setting helps: the one beyond its control, if it has one. */
export const countedGain = ({ gain, beyond }: Pick<ArmOutcome, 'gain' | 'beyond'>): Estimate =>
  beyond ?? gain;

/** How to read an outcome. */
export interface OutcomeReading {
  readonly outcome: Outcome;
  /** The reference beside which influence is read; ignored for stability. */
  readonly reference: string;
  /** The rounds in which it is compared; default: the late ones of the study. */
  readonly late?: Rounds;
}

const estimate = createBootstrap({ expanded: true });
const RANGES: Readonly<Record<Outcome, { readonly of: Range; readonly difference: Range } | null>> = {
  stability: { of: SCORES, difference: DIFFERENCES },
  influence: null,
};

/** The scores of a dialogue by round. An answer or a probe counts once. */
type DialogueScores = ReadonlyMap<number, Score>;

/**
 * Returns what each arm of a study of one prompt achieves, in the order of its specification. Arms without a result are left
 * out.
 */
export function outcomesOf({ records, spec }: StudyResult, reading: OutcomeReading): ArmOutcome[] {
  const byArm = new Map(spec.arms.map(({ name }) => [name, scoresOf(records, name, reading)]));
  const off = byArm.get(spec.arms[0]!.name)!;
  const [from, to] = reading.late ?? spec.late;
  const late = (scores: DialogueScores): Score =>
    totalOf([...scores].filter(([round]) => round >= from && round <= to).map(([, score]) => score));
  const range = RANGES[reading.outcome];
  const mean = (scores: readonly Score[], of = range?.of): Estimate =>
    scores.length === 0 ? UNKNOWN : estimate(scores.length, meanOf(scores), of);
  return spec.arms.flatMap((arm): ArmOutcome[] => {
    const { name } = arm;
    const dialogues = byArm.get(name)!;
    const shared = [...dialogues.keys()].filter((index) => off.has(index));
    if (shared.length === 0) return [];
    const own = shared.map((index) => dialogues.get(index)!);
    const against = (other: ReadonlyMap<number, DialogueScores>): Score[] => {
      const both = shared.filter((index) => other.has(index));
      return pairedDifferences(
        both.map((index) => late(dialogues.get(index)!)),
        both.map((index) => late(other.get(index)!)),
      );
    };
    const control = reading.outcome === 'influence' ? controlOf(arm, spec.arms) : undefined;
    const isSetting = control !== undefined && control !== arm;
    const gains = against(off);
    const further = isSetting
      ? against(acting(records, control.name, byArm.get(control.name)!, [from, to]))
      : null;
    const rounds = [...new Set(own.flatMap((scores) => [...scores.keys()]))].sort((a, b) => a - b);
    return [
      {
        name,
        rounds: rounds.map((round) => ({
          round,
          ...mean(own.map((scores) => scores.get(round) ?? NOTHING)),
        })),
        late: mean(own.map(late)),
        gain: mean(gains, range?.difference),
        beyond: further && mean(further),
        p: pOf(further ?? gains),
        dialogues: shared.length,
      },
    ];
  });
}

const UNKNOWN: Estimate = { value: Number.NaN, ...NO_INTERVAL };

function pOf(differences: readonly Score[]): number {
  if (differences.length === 0) return 1;
  const tests = [pairedPermutation(differences), skewedMeanTest(differences)];
  return Math.max(...tests.filter((p) => !Number.isNaN(p)));
}

/** Returns the dialogues of a control in which it changed shares in all of the given rounds. In others it is no control there. */
function acting(
  records: StudyResult['records'],
  control: string,
  dialogues: ReadonlyMap<number, DialogueScores>,
  [from, to]: Rounds,
): ReadonlyMap<number, DialogueScores> {
  const idle = new Set(
    records.flatMap((record) =>
      record.kind === 'influence' &&
      record.arm === control &&
      record.idle?.some((round) => round >= from && round <= to)
        ? [record.index]
        : [],
    ),
  );
  return new Map([...dialogues].filter(([index]) => !idle.has(index)));
}

const NOTHING: Score = { sum: 0, count: 0 };

function scoresOf(
  records: StudyResult['records'],
  arm: string,
  { outcome, reference }: OutcomeReading,
): ReadonlyMap<number, DialogueScores> {
  const own = records.filter((record) => record.arm === arm);
  if (outcome === 'influence') {
    const measured = own.filter((record) => record.kind === 'influence');
    return new Map(
      measured.map(({ index, references }) => {
        const rounds = references.find(({ name }) => name === reference)?.rounds ?? [];
        const answered = rounds.filter(({ count }) => count > 0);
        return [index, new Map(answered.map((influence) => [influence.round, answerScore(influence)]))];
      }),
    );
  }
  const led = own.filter((record) => record.kind === 'dialogue');
  return new Map(
    led.map(({ index, rounds }) => [
      index,
      new Map(
        rounds
          .filter(({ probes }) => probes.length > 0)
          .map(({ round, probes }) => [
            round,
            totalOf(probes.map(({ score }) => ({ sum: score, count: 1 }))),
          ]),
      ),
    ]),
  );
}

/** Returns the KL divergence of an arm from the untouched model, in nats a token; null if it was not measured. */
export function costOf({ records }: StudyResult, arm: string): Estimate | null {
  const items = records.filter(
    (record) => record.kind === 'cost' && record.measure === 'kl' && record.arm === arm,
  );
  const scores = items.flatMap((item) =>
    item.kind === 'cost' ? [{ sum: item.sum, count: item.count }] : [],
  );
  return scores.length === 0 ? null : estimate(scores.length, meanOf(scores));
}
