import type { StudyResult } from '../findings/index.js';
import {
  createBootstrap,
  DIFFERENCES,
  type Estimate,
  meanOf,
  pairedDifferences,
  pairedPermutation,
  type Range,
  SCORES,
  type Score,
  skewedMeanTest,
} from '../statistics/index.js';
import type { Outcome } from './prompt-study.js';

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
  /** The p-value of the gain: the larger one of the paired permutation test and the test of the mean. */
  readonly p: number;
  readonly dialogues: number;
}

/** How to read an outcome. */
export interface OutcomeReading {
  readonly outcome: Outcome;
  /** The reference beside which influence is read; ignored for stability. */
  readonly reference: string;
}

const estimate = createBootstrap({ expanded: true });
const RANGES: Readonly<Record<Outcome, { readonly of: Range; readonly difference: Range } | null>> = {
  stability: { of: SCORES, difference: DIFFERENCES },
  influence: null,
};

/** The scores of a dialogue by round. An answer or a probe counts once. */
type DialogueScores = ReadonlyMap<number, Score>;

/** Returns what each arm of a study of one prompt achieves, in the order of its specification. Arms without a result are left out. */
export function outcomesOf({ records, spec }: StudyResult, reading: OutcomeReading): ArmOutcome[] {
  const byArm = new Map(spec.arms.map(({ name }) => [name, scoresOf(records, name, reading)]));
  const off = byArm.get(spec.arms[0]!.name)!;
  const [from, to] = spec.late;
  const late = (scores: DialogueScores): Score =>
    total([...scores].filter(([round]) => round >= from && round <= to).map(([, score]) => score));
  const range = RANGES[reading.outcome];
  return [...byArm].flatMap(([name, dialogues]): ArmOutcome[] => {
    const shared = [...dialogues.keys()].filter((index) => off.has(index));
    if (shared.length === 0) return [];
    const own = shared.map((index) => dialogues.get(index)!);
    const base = shared.map((index) => off.get(index)!);
    const mean = (scores: readonly Score[], of = range?.of): Estimate =>
      estimate(scores.length, meanOf(scores), of);
    const differences = pairedDifferences(own.map(late), base.map(late));
    const rounds = [...new Set(own.flatMap((scores) => [...scores.keys()]))].sort((a, b) => a - b);
    const tests = [pairedPermutation(differences), skewedMeanTest(differences)];
    return [
      {
        name,
        rounds: rounds.map((round) => ({
          round,
          ...mean(own.map((scores) => scores.get(round) ?? NOTHING)),
        })),
        late: mean(own.map(late)),
        gain: mean(differences, range?.difference),
        p: Math.max(...tests.filter((p) => !Number.isNaN(p))),
        dialogues: shared.length,
      },
    ];
  });
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
        return [
          index,
          new Map(answered.map(({ round, sum, count }) => [round, { sum: sum / count, count: 1 }])),
        ];
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
          .map(({ round, probes }) => [round, total(probes.map(({ score }) => ({ sum: score, count: 1 })))]),
      ),
    ]),
  );
}

function total(scores: readonly Score[]): Score {
  return scores.reduce((all, { sum, count }) => ({ sum: all.sum + sum, count: all.count + count }), NOTHING);
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
