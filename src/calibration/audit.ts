import type { StudyResult } from '../findings/index.js';
import {
  createBootstrap,
  DIFFERENCES,
  differenceOf,
  type Estimate,
  halfLifeOf,
  meanOf,
  type Range,
  SCORES,
  type Score,
} from '../statistics/index.js';
import type { DialogueRecord, RoundRecord } from '../study/index.js';
import { type ArmOutcome, outcomesOf, type RoundMean } from './outcome.js';

/** How a prompt fares on an untouched model. Intervals are over dialogues. */
export interface Audit {
  readonly dialogues: number;
  readonly rounds: number;
  readonly early: readonly [first: number, last: number];
  readonly late: readonly [first: number, last: number];
  /** The influence beside another prompt and beside none. */
  readonly influence: { readonly others: ArmOutcome; readonly none: ArmOutcome };
  /** Influence beside another prompt: early, late, and late minus early; in how many rounds it halves, infinite if it does not fall. */
  readonly fall: Change;
  readonly halfLife: Estimate;
  /** Stability; null without rules. */
  readonly stability: ArmOutcome | null;
  readonly obeyed: Change | null;
  /** What the same probes score without the prompt; null without rules. */
  readonly chance: number | null;
  /** Shares of attention of the prompt (its message) and of the sink. */
  readonly shares: { readonly message: readonly RoundMean[]; readonly sink: readonly RoundMean[] };
  /** Tokens of the context when the answer of each round began. */
  readonly context: readonly RoundMean[];
}

/** A mean in early and late rounds, and its change. */
export interface Change {
  readonly early: Estimate;
  readonly late: Estimate;
  readonly change: Estimate;
}

const estimate = createBootstrap({ expanded: true });

/** Reads the audit of a prompt from its study. */
export function auditOf(study: StudyResult): Audit {
  const { records, spec } = study;
  const { early, late } = spec;
  const led = records.filter((record): record is DialogueRecord => record.kind === 'dialogue');
  const influence = (reference: string): ArmOutcome =>
    outcomesOf(study, { outcome: 'influence', reference })[0]!;
  const measured = records.filter((record) => record.kind === 'influence');
  const influences = measured.map(({ references }) =>
    references
      .find(({ name }) => name === 'others')!
      .rounds.filter(({ count }) => count > 0)
      .map(({ round, sum, count }) => ({ round, score: sum / count })),
  );
  const probed = led.map(({ rounds }) =>
    rounds.flatMap(({ round, probes }) => probes.map(({ score }) => ({ round, score }))),
  );
  const hasProbes = probed.flat().length > 0;
  const chance = records.flatMap((record) =>
    record.kind === 'chance' ? record.answers.map(({ score }) => score) : [],
  );
  return {
    dialogues: led.length,
    rounds: spec.sources[0]!.rounds,
    early,
    late,
    influence: { others: influence('others'), none: influence('none') },
    fall: changeOf(influences, early, late),
    halfLife: estimate(
      influences.length,
      halfLifeOf(
        roundsIn(influences).map((round) => ({ x: round, y: meanOf(scoresIn(influences, [round, round])) })),
      ),
    ),
    stability: hasProbes ? outcomesOf(study, { outcome: 'stability', reference: '' })[0]! : null,
    obeyed: hasProbes ? changeOf(probed, early, late, { of: SCORES, change: DIFFERENCES }) : null,
    chance: chance.length === 0 ? null : chance.reduce((sum, score) => sum + score, 0) / chance.length,
    shares: {
      message: means(led, ({ share }) => share.before),
      sink: means(led, ({ controls }) => controls.sink),
    },
    context: means(led, ({ contextTokens }) => contextTokens),
  };
}

interface Placed {
  readonly round: number;
  readonly score: number;
}

type Window = readonly [first: number, last: number];

function scoresIn(dialogues: readonly (readonly Placed[])[], [first, last]: Window): Score[] {
  return dialogues.map((values) => {
    const own = values.filter(({ round }) => round >= first && round <= last);
    return { sum: own.reduce((sum, { score }) => sum + score, 0), count: own.length };
  });
}

/** @param ranges of scores that have a range: where nearly all are equal, their interval is a bound */
function changeOf(
  dialogues: readonly (readonly Placed[])[],
  early: Window,
  late: Window,
  ranges: { readonly of?: Range; readonly change?: Range } = {},
): Change {
  const [before, after] = [early, late].map((window) => meanOf(scoresIn(dialogues, window)));
  const { length } = dialogues;
  return {
    early: estimate(length, before!, ranges.of),
    late: estimate(length, after!, ranges.of),
    change: estimate(length, differenceOf(after!, before!), ranges.change),
  };
}

const roundsIn = (dialogues: readonly (readonly Placed[])[]): number[] =>
  [...new Set(dialogues.flat().map(({ round }) => round))].sort((a, b) => a - b);

/** Returns the mean of a number by round, over the dialogues that have it. */
function means(led: readonly DialogueRecord[], read: (round: RoundRecord) => number | null): RoundMean[] {
  const dialogues = led.map(({ rounds }) =>
    rounds.flatMap((record): Placed[] => {
      const score = read(record);
      return score === null ? [] : [{ round: record.round, score }];
    }),
  );
  return roundsIn(dialogues).map((round) => ({
    round,
    ...estimate(dialogues.length, meanOf(scoresIn(dialogues, [round, round]))),
  }));
}
