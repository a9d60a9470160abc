import {
  bootstrap,
  type Estimate,
  type Range,
  SCORES,
  type Score,
  type Statistic,
  slopeOf,
  slopeRange,
} from '../statistics/index.js';
import {
  lossIn,
  meanIn,
  probedRounds,
  probeTotal,
  stabilityIn,
  type TrialArmRecords,
} from './arm-records.js';
import type { ReferenceShares } from './reference-pass.js';
import type { TrialRoundRecord } from './run-trial.js';

/** Values by round number. */
export type ByRound<Value> = Readonly<Record<number, Value>>;

/** The summary of an arm. Means over no values are NaN. */
export interface ArmSummary {
  readonly name: string;
  /** Mean score of the probes after each probed round. */
  readonly stability: ByRound<Estimate>;
  /** Slope of stability per round. */
  readonly slope: Estimate;
  /** Mean score of the answers themselves, for the instructions that show in every answer. */
  readonly followed: ByRound<Estimate>;
  /** Fraction of the answers about a topic that are on topic, use the user's values, and are well formed. */
  readonly ability: Readonly<Record<'topic' | 'slots' | 'wellFormed', ByRound<Estimate>>>;
  /** Mean stability of each family, by round. */
  readonly families: Readonly<Record<string, ByRound<number>>>;
  /** Share of the target, mean over the heads that see furthest, before and after the policy. */
  readonly share: ByRound<{ readonly before: number; readonly after: number }>;
  /** Mean tokens of the dialogue before the answer. */
  readonly tokens: ByRound<number>;
  /** Loss on reference answers in nats a token, in dialogues with instructions. */
  readonly loss: ByRound<number>;
  /** The same in dialogues without instructions. */
  readonly bareLoss: ByRound<number>;
  /** Shares on reference answers over the layers that see the whole dialogue, means over trials. */
  readonly spread: ByRound<ReferenceShares>;
}

/** Summarises an arm, with 95 % intervals from a bootstrap over trials. */
export function summarizeArm({ name, trials, references, bare }: TrialArmRecords): ArmSummary {
  const rounds = trials[0]!.map(({ round }) => round);
  const probed = probedRounds(trials);
  const estimate = (statistic: Statistic, range: Range = SCORES): Estimate =>
    bootstrap(trials.length, statistic, { range });
  const scored = (scoreOf: (record: TrialRoundRecord) => Score): ByRound<Estimate> =>
    byRound(rounds, (round) => estimate(meanIn(trials, only(round), scoreOf)));
  const ability = (key: 'topic' | 'slots' | 'wellFormed'): ByRound<Estimate> =>
    scored(({ ability }) => (ability === null ? { sum: 0, count: 0 } : { sum: ability[key], count: 1 }));
  const averaged = (read: (record: TrialRoundRecord) => number, round: number): number =>
    average(trials.map((records) => read(records[round - 1]!)));
  const lossOf = (passes: TrialArmRecords['references']): ByRound<number> =>
    byRound(passes.length === 0 ? [] : rounds, (round) =>
      lossIn(passes, only(round))(Int32Array.from(passes.keys())),
    );
  return {
    name,
    stability: byRound(probed, (round) => estimate(stabilityIn(trials, only(round)))),
    slope: estimate(
      slopeOf(probed.map((round) => ({ x: round, y: stabilityIn(trials, only(round)) }))),
      slopeRange(probed, SCORES),
    ),
    followed: scored(({ followed }) => probeTotal(followed)),
    ability: { topic: ability('topic'), slots: ability('slots'), wellFormed: ability('wellFormed') },
    families: stabilityOfFamilies(trials, probed),
    share: byRound(rounds, (round) => ({
      before: averaged(({ share }) => share.before, round),
      after: averaged(({ share }) => share.after, round),
    })),
    tokens: byRound(rounds, (round) => averaged(({ tokens }) => tokens, round)),
    loss: lossOf(references),
    bareLoss: lossOf(bare),
    spread: byRound(references.length === 0 ? [] : rounds, (round) =>
      averageShares(references.map((pass) => pass[round - 1]!)),
    ),
  };
}

function byRound<Value>(rounds: readonly number[], read: (round: number) => Value): ByRound<Value> {
  return Object.fromEntries(rounds.map((round) => [round, read(round)]));
}

const only =
  (round: number) =>
  (number: number): boolean =>
    number === round;

function stabilityOfFamilies(
  trials: TrialArmRecords['trials'],
  probed: readonly number[],
): ArmSummary['families'] {
  const scores = trials.flat().flatMap(({ round, probes }) => probes.map((probe) => ({ round, ...probe })));
  const families = [...new Set(scores.map(({ family }) => family))].sort();
  return Object.fromEntries(
    families.map((family) => {
      const own = scores.filter((score) => score.family === family);
      const at = (round: number): number[] =>
        own.filter((score) => score.round === round).map(({ score }) => score);
      return [family, byRound(probed, (round) => average(at(round)))];
    }),
  );
}

function averageShares(shares: readonly ReferenceShares[]): ReferenceShares {
  const prefix = (key: keyof ReferenceShares['prefix']): number =>
    average(shares.map((each) => each.prefix[key]));
  return {
    prefix: {
      mean: prefix('mean'),
      median: prefix('median'),
      ninetieth: prefix('ninetieth'),
      above: prefix('above'),
      below: prefix('below'),
    },
    sink: average(shares.map(({ sink }) => sink)),
    after: average(shares.map(({ after }) => after)),
  };
}

const average = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
