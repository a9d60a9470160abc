import { type Estimate, meanOf, SCORES, totalOf } from '../statistics/index.js';
import type { ChanceAnswer, ChanceRecord, DialogueRecord, ProbeRecord } from '../study/index.js';
import type { Clusters } from './clusters.js';
import type { Inference } from './inference.js';
import { everyProbe, only, type ProbeFilter, probedRoundsOf, type ReadRound, scoresIn } from './scores.js';

/** What the probes of a slice's dialogues score by chance. */
export interface ChanceBook {
  /**
   * Returns the mean score of the answers that the model gave to a probe without its prompt; null if it was not asked.
   * @param under answers without a system message, or under an unrelated prompt; default: both
   */
  of(dialogue: DialogueRecord, probe: ProbeRecord, under?: ChanceAnswer['under']): number | null;
}

/** Collects the chance of a slice's probes. */
export function createChanceBook(records: readonly ChanceRecord[]): ChanceBook {
  const answers = new Map<string, ChanceAnswer[]>();
  for (const record of records) {
    for (const answer of record.answers) {
      const key = keyOf(record, answer);
      answers.set(key, [...(answers.get(key) ?? []), answer]);
    }
  }
  return {
    of(dialogue, probe, under) {
      const all = answers.get(keyOf(dialogue, probe)) ?? [];
      const own = under === undefined ? all : all.filter((answer) => answer.under === under);
      return own.length === 0 ? null : own.reduce((sum, { score }) => sum + score, 0) / own.length;
    },
  };
}

type Asked = Pick<DialogueRecord, 'index' | 'scenario'>;

const keyOf = ({ index, scenario }: Asked, { label, question }: ProbeRecord): string =>
  JSON.stringify([index, scenario, label, question]);

/** Reads what a round's probes score by chance; leaves out probes whose chance is not known. */
export function chanceScores(
  book: ChanceBook,
  has: ProbeFilter = everyProbe,
  under?: ChanceAnswer['under'],
): ReadRound {
  return ({ probes }, dialogue) =>
    totalOf(
      probes.flatMap((probe) => {
        const chance = has(probe, dialogue) ? book.of(dialogue, probe, under) : null;
        return chance === null ? [] : [{ sum: chance, count: 1 }];
      }),
    );
}

/**
 * Reads stability above chance, as Cohen's κ corrects agreement (Cohen 1960): a probe with the score s and the chance c
 * contributes s − c to the sum and 1 − c to the count. So a mean over probes is
 *
 *   Σ (s − c) / Σ (1 − c),
 *
 * which is 0 for a model that answers as it does without the prompt, and 1 for one that always obeys. Leaves out probes
 * whose chance is not known.
 */
export function aboveChanceScores(book: ChanceBook, has: ProbeFilter = everyProbe): ReadRound {
  return ({ probes }, dialogue) =>
    totalOf(
      probes.flatMap((probe) => {
        const chance = has(probe, dialogue) ? book.of(dialogue, probe) : null;
        return chance === null ? [] : [{ sum: probe.score - chance, count: 1 - chance }];
      }),
    );
}

/** Selects the probes whose chance is known. */
export function knownChance(book: ChanceBook, has: ProbeFilter): ProbeFilter {
  return (probe, dialogue) => has(probe, dialogue) && book.of(dialogue, probe) !== null;
}

/** What the probes of some dialogues score by chance, in all their rounds. */
export interface ChanceLevel {
  readonly both: Estimate;
  /** Without a system message. */
  readonly none: Estimate;
  /** Under an unrelated prompt. */
  readonly unrelated: Estimate;
}

/** Returns the chance level of dialogues; null if it is not known for any of their probes. */
export function chanceLevelOf(
  dialogues: Clusters,
  book: ChanceBook,
  inference: Inference,
  has: ProbeFilter = everyProbe,
): ChanceLevel | null {
  const level = (under?: ChanceAnswer['under']): Estimate =>
    inference.estimate(
      dialogues.length,
      meanOf(scoresIn(dialogues, () => true, chanceScores(book, has, under))),
      SCORES,
    );
  const both = level();
  if (Number.isNaN(both.value)) return null;
  return { both, none: level('none'), unrelated: level('unrelated') };
}

/** Returns what the probes of each round score by chance; leaves out rounds without a known chance. */
export function chanceRoundsOf(
  dialogues: Clusters,
  book: ChanceBook,
  inference: Inference,
): readonly (Estimate & { readonly round: number })[] {
  return probedRoundsOf(dialogues)
    .map((round) => {
      const scores = scoresIn(dialogues, only(round), chanceScores(book));
      return { round, ...inference.estimate(dialogues.length, meanOf(scores), SCORES) };
    })
    .filter(({ value }) => !Number.isNaN(value));
}

/** Counts the dialogues that were probed, and those of them in which the chance of every probe is known. */
export function chanceCoverage(
  dialogues: Clusters,
  book: ChanceBook,
): { readonly probed: number; readonly known: number } {
  const probed = dialogues
    .flat()
    .map((dialogue) => ({ dialogue, probes: dialogue.rounds.flatMap(({ probes }) => probes) }))
    .filter(({ probes }) => probes.length > 0);
  const known = probed.filter(({ dialogue, probes }) =>
    probes.every((probe) => book.of(dialogue, probe) !== null),
  );
  return { probed: probed.length, known: known.length };
}
