import { type Estimate, rankCorrelationWithin, type StratifiedPoint } from '../statistics/index.js';
import { type InfluenceRecord, isUntouched } from '../study/index.js';
import type { Dialogue } from './dialogues.js';
import type { Inference } from './inference.js';
import type { MeasuredArms } from './influence.js';
import { probeScores, type ReadRound, readMeasured } from './scores.js';
import type { Slice } from './slices.js';
import type { ReportedSpec } from './study-result.js';

/**
 * Rank correlations of the prompt's influence on an answer with a judgement of the same dialogue in the same round.
 */
export interface InfluenceCorrelation {
  readonly reference: string;
  /** `obedience` of the answer itself, or `stability`: the score of the probes after it. */
  readonly judged: 'obedience' | 'stability';
  /** Answers with both numbers. */
  readonly answers: number;
  /**
   * Given the round: whether a dialogue in which the prompt has more influence than in others of this round is judged better.
   * NaN if one of the two does not vary within any round.
   */
  readonly givenRound: Estimate;
  /**
   * Given the round and the dialogue: whether a dialogue is judged better in the rounds in which the prompt has more influence
   * than it has there in other dialogues, whatever the level of the dialogue is. Prompts differ in how far they are from a
   * reference, so this is the fairer of the two.
   */
  readonly givenDialogue: Estimate;
}

const JUDGED: readonly { readonly judged: InfluenceCorrelation['judged']; readonly read: ReadRound }[] = [
  { judged: 'obedience', read: readMeasured('obedience') },
  { judged: 'stability', read: probeScores() },
];

/** Returns the correlations under the untouched arm, whose answers influence is measured on; none without this arm. */
export function influenceCorrelationsOf(
  slice: Slice,
  spec: ReportedSpec,
  { arms, references, clusters }: MeasuredArms,
  inference: Inference,
): InfluenceCorrelation[] {
  const name = spec.arms.find(isUntouched)?.name ?? '';
  const records = arms.get(name);
  const dialogues = slice.arms.find((arm) => arm.name === name)?.dialogues;
  if (records === undefined || dialogues === undefined) return [];
  const units = new Map(dialogues.map((dialogue, unit) => [unitKey(dialogue), { unit, dialogue }]));
  return references.flatMap((reference) =>
    JUDGED.flatMap(({ judged, read }): InfluenceCorrelation[] => {
      const points = records.flatMap((own, cluster) =>
        own.flatMap((record) => pointsOf(record, reference, cluster, units, read)),
      );
      if (points.length === 0) return [];
      const given = (what: 'stratum' | 'stratum and unit'): Estimate =>
        inference.estimate(clusters, rankCorrelationWithin(points, clusters, what));
      return [
        {
          ...{ reference, judged, answers: points.length },
          givenRound: given('stratum'),
          givenDialogue: given('stratum and unit'),
        },
      ];
    }),
  );
}

function pointsOf(
  record: InfluenceRecord,
  reference: string,
  cluster: number,
  units: ReadonlyMap<string, Unit>,
  read: ReadRound,
): StratifiedPoint[] {
  const found = units.get(unitKey(record));
  if (found === undefined) return [];
  const { unit, dialogue } = found;
  const { rounds, from, to } = dialogue;
  const measured = record.references.find(({ name }) => name === reference)?.rounds ?? [];
  return measured.flatMap(({ round, sum, count }): StratifiedPoint[] => {
    const row = rounds.round.indexOf(round, from);
    if (row < 0 || row >= to || count === 0) return [];
    const score = read(row, dialogue);
    if (score.count === 0) return [];
    return [{ stratum: round, unit, cluster, x: sum / count, y: score.sum / score.count }];
  });
}

/** A dialogue and its number. */
interface Unit {
  readonly unit: number;
  readonly dialogue: Dialogue;
}

const unitKey = ({ index, seed }: Pick<Dialogue, 'index' | 'seed'>): string => `${index} ${seed}`;
