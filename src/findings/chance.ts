import { type Estimate, meanOf, SCORES } from '../statistics/index.js';
import type { ChanceAnswer } from '../study/index.js';
import type { Clusters } from './clusters.js';
import type { Dialogue, Rounds } from './dialogues.js';
import type { Inference } from './inference.js';
import {
  everyProbe,
  only,
  type ProbeFilter,
  probedRoundsOf,
  type ReadRound,
  readProbes,
  scoresIn,
  scoresInEach,
} from './scores.js';

/** What the model answered to the probes of a scenario without their prompt. */
export interface ScenarioChance {
  /** Number of its index and scenario; see {@link Dialogue}. */
  readonly scenario: number;
  /** The number of each label and question, and the score of the answer. */
  readonly answers: readonly (Pick<ChanceAnswer, 'under' | 'score'> & { readonly asked: number })[];
}

/** What the probes of a slice's dialogues score by chance. */
export interface ChanceBook {
  /**
   * Returns the mean score of the answers that the model gave to a probe without its prompt; null if it was not asked.
   * @param probe the probe's place
   * @param under answers without a system message, or under an unrelated prompt; default: both
   */
  of(dialogue: Dialogue, probe: number, under?: Under): number | null;
}

type Under = ChanceAnswer['under'] | 'both';

/** Collects the chance of a slice's probes. */
export function createChanceBook(scenarios: readonly ScenarioChance[]): ChanceBook {
  const scores: Map<number, Readonly<Record<Under, Mean>>>[] = []; // by the number of the scenario
  for (const { scenario, answers } of scenarios) {
    scores[scenario] ??= new Map();
    const own = scores[scenario];
    for (const { asked, under, score } of answers) {
      const means = own.get(asked) ?? { both: new Mean(), none: new Mean(), unrelated: new Mean() };
      own.set(asked, means);
      means.both.add(score);
      means[under].add(score);
    }
  }
  const bookOf = (under: Under) =>
    remembered(
      ({ scenario, rounds }, probe) =>
        scores[scenario]?.get(rounds.asked[probe]!)?.[under].value ?? Number.NaN,
    );
  const books = { both: bookOf('both'), none: bookOf('none'), unrelated: bookOf('unrelated') };
  return { of: (dialogue, probe, under = 'both') => books[under](dialogue, probe) };
}

/** Returns the chance of a probe, NaN if it is not known. */
type LookUp = (dialogue: Dialogue, probe: number) => number;

/** Stands for a chance that was not looked up yet. */
const NOT_LOOKED_UP = -1;

/** Looks every chance up once: all statistics of an arm ask for it. Returns null for one that is not known. */
function remembered(lookUp: LookUp): (dialogue: Dialogue, probe: number) => number | null {
  const ofRounds = new WeakMap<Rounds, Float64Array>(); // [probes]
  let rounds: Rounds | null = null;
  let chances: Float64Array = new Float64Array();
  return (dialogue, probe) => {
    if (dialogue.rounds !== rounds) {
      ({ rounds } = dialogue);
      chances = ofRounds.get(rounds) ?? new Float64Array(rounds.asked.length).fill(NOT_LOOKED_UP);
      ofRounds.set(rounds, chances);
    }
    if (chances[probe] === NOT_LOOKED_UP) chances[probe] = lookUp(dialogue, probe);
    const chance = chances[probe]!;
    return Number.isNaN(chance) ? null : chance;
  };
}

/** A mean that grows; null of no values. */
class Mean {
  #sum = 0;
  #count = 0;

  add(value: number): void {
    this.#sum += value;
    this.#count++;
  }

  get value(): number | null {
    return this.#count === 0 ? null : this.#sum / this.#count;
  }
}

/** Reads what a round's probes score by chance; leaves out probes whose chance is not known. */
export function chanceScores(book: ChanceBook, has: ProbeFilter = everyProbe, under?: Under): ReadRound {
  return readProbes((probe, dialogue) => {
    const chance = has(probe, dialogue) ? book.of(dialogue, probe, under) : null;
    return chance === null ? null : { sum: chance, count: 1 };
  });
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
  return readProbes((probe, dialogue) => {
    const chance = has(probe, dialogue) ? book.of(dialogue, probe) : null;
    return chance === null ? null : { sum: dialogue.rounds.score[probe]! - chance, count: 1 - chance };
  });
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
  const level = (under?: Under): Estimate =>
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
  const rounds = probedRoundsOf(dialogues);
  const scores = scoresInEach(dialogues, rounds.map(only), chanceScores(book));
  return rounds
    .map((round, at) => ({ round, ...inference.estimate(dialogues.length, meanOf(scores[at]!), SCORES) }))
    .filter(({ value }) => !Number.isNaN(value));
}

/** Counts the dialogues that were probed, and those of them in which the chance of every probe is known. */
export function chanceCoverage(
  dialogues: Clusters,
  book: ChanceBook,
): { readonly probed: number; readonly known: number } {
  let probed = 0;
  let known = 0;
  for (const dialogue of dialogues.flat()) {
    const { rounds, from, to } = dialogue;
    const [first, end] = [rounds.probesFrom[from]!, rounds.probesFrom[to]!];
    if (first === end) continue;
    probed++;
    let isKnown = true;
    for (let probe = first; probe < end && isKnown; probe++) isKnown = book.of(dialogue, probe) !== null;
    if (isKnown) known++;
  }
  return { probed, known };
}
