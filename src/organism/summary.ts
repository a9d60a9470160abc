import {
  bootstrap,
  differenceOf,
  type Estimate,
  meanOf,
  type Score,
  type Statistic,
  slopeOf,
} from '../measure/index.js';
import type { ReferenceRound } from './reference-pass.js';
import type { RoundRecord } from './run-trial.js';

/** All that was seen of one arm; element n of each list belongs to one trial, the same in every arm. */
export interface ArmRecords {
  readonly name: string;
  readonly trials: readonly (readonly RoundRecord[])[];
  /** Reference passes over the trials; empty where none were made. */
  readonly references: readonly (readonly ReferenceRound[])[];
  /** Reference passes over trials with a bare system prompt: what the model can do, obedience apart. */
  readonly bare: readonly (readonly ReferenceRound[])[];
}

export type ByRound<Value> = Readonly<Record<number, Value>>;

export interface ArmSummary {
  readonly name: string;
  /** Mean score of the probes after each probed round. */
  readonly stability: ByRound<Estimate>;
  /** Of stability over rounds, a round. */
  readonly slope: Estimate;
  /** Whether the answers themselves did what shows in every answer. */
  readonly followed: ByRound<Estimate>;
  /** Of answers about a topic: the fraction on topic, with the user's values, well formed. */
  readonly ability: Readonly<Record<'topic' | 'slots' | 'wellFormed', ByRound<Estimate>>>;
  /** Mean stability of each family by round. */
  readonly families: Readonly<Record<string, ByRound<number>>>;
  /** Share of the target, mean over layers and heads, before and after the policy. */
  readonly share: ByRound<{ readonly before: number; readonly after: number }>;
  /** Mean tokens of the dialogue before the answer. */
  readonly tokens: ByRound<number>;
  /** Loss on reference answers in nats a token, in dialogues with instructions and in bare ones. */
  readonly loss: ByRound<number>;
  readonly bareLoss: ByRound<number>;
  /** Shares over the layers that see the whole dialogue, on reference answers. */
  readonly spread: ByRound<Omit<ReferenceRound, 'tokens' | 'loss'>>;
}

/** An arm less the arm off, paired by trial. */
export interface ArmEffect {
  readonly name: string;
  readonly first: Estimate;
  /** Over the first three rounds, over rounds 8 and later, and after the last probed round. */
  readonly early: Estimate;
  readonly late: Estimate;
  readonly last: Estimate;
  /** Of the losses on reference answers over rounds 1 to 3, with instructions, in nats a token. */
  readonly earlyLoss: Estimate | null;
  readonly lateLoss: Estimate | null;
}

const LATE = 8;
const EARLY = 3;

type Scores = readonly Score[];

/** One score a trial, gathered from some of its rounds. */
function gather<Round>(
  trials: readonly (readonly Round[])[],
  scoreOf: (round: Round, number: number) => Score | null,
): Scores {
  return trials.map((rounds) => {
    let sum = 0;
    let count = 0;
    rounds.forEach((round, index) => {
      const score = scoreOf(round, index + 1);
      sum += score?.sum ?? 0;
      count += score?.count ?? 0;
    });
    return { sum, count };
  });
}

function probeScore({ probes }: RoundRecord): Score {
  return { sum: probes.reduce((sum, { score }) => sum + score, 0), count: probes.length };
}

function stabilityIn(trials: ArmRecords['trials'], has: (round: number) => boolean): Statistic {
  return meanOf(gather(trials, (record, round) => (has(round) ? probeScore(record) : null)));
}

function lossIn(passes: ArmRecords['references'], has: (round: number) => boolean): Statistic {
  return meanOf(
    gather(passes, ({ loss, tokens }, round) => (has(round) ? { sum: loss, count: tokens } : null)),
  );
}

/** The rounds after which probes were made. */
function probedRounds(trials: ArmRecords['trials']): number[] {
  return trials[0]!.filter(({ probes }) => probes.length > 0).map(({ round }) => round);
}

function byRound<Value>(rounds: readonly number[], read: (round: number) => Value): ByRound<Value> {
  return Object.fromEntries(rounds.map((round) => [round, read(round)]));
}

/** What an arm did, with 95 % intervals from a bootstrap over trials. */
export function summarizeArm({ name, trials, references, bare }: ArmRecords): ArmSummary {
  const rounds = trials[0]!.map(({ round }) => round);
  const probed = probedRounds(trials);
  const estimate = (scores: Scores): Estimate => bootstrap(scores.length, meanOf(scores));
  const plain = (passes: ArmRecords['references'], round: number): number =>
    lossIn(passes, (number) => number === round)(Int32Array.from(passes.keys()));
  const ability = (key: 'topic' | 'slots' | 'wellFormed'): ByRound<Estimate> =>
    byRound(rounds, (round) =>
      estimate(
        gather(trials, (record, number) =>
          number === round && record.ability ? { sum: record.ability[key], count: 1 } : null,
        ),
      ),
    );
  const meanIn = (round: number, read: (record: RoundRecord) => number): number =>
    average(trials.map((records) => read(records[round - 1]!)));
  const families = [
    ...new Set(trials.flatMap(([first]) => first!.probes.map(({ family }) => family))),
  ].sort();
  const passRounds = references.length === 0 ? [] : rounds;
  return {
    name,
    stability: byRound(probed, (round) =>
      bootstrap(
        trials.length,
        stabilityIn(trials, (number) => number === round),
      ),
    ),
    slope: bootstrap(
      trials.length,
      slopeOf(probed.map((x) => ({ x, y: stabilityIn(trials, (number) => number === x) }))),
    ),
    followed: byRound(rounds, (round) =>
      estimate(
        gather(trials, ({ followed }, number) =>
          number === round
            ? { sum: followed.reduce((sum, { score }) => sum + score, 0), count: followed.length }
            : null,
        ),
      ),
    ),
    ability: { topic: ability('topic'), slots: ability('slots'), wellFormed: ability('wellFormed') },
    families: Object.fromEntries(
      families.map((family) => [
        family,
        byRound(probed, (round) =>
          average(
            trials.flatMap((records) =>
              records[round - 1]!.probes.filter((probe) => probe.family === family).map(({ score }) => score),
            ),
          ),
        ),
      ]),
    ),
    share: byRound(rounds, (round) => ({
      before: meanIn(round, ({ share }) => share.before),
      after: meanIn(round, ({ share }) => share.after),
    })),
    tokens: byRound(rounds, (round) => meanIn(round, ({ tokens }) => tokens)),
    loss: byRound(passRounds, (round) => plain(references, round)),
    bareLoss: byRound(bare.length === 0 ? [] : rounds, (round) => plain(bare, round)),
    spread: byRound(passRounds, (round) => spreadIn(references, round)),
  };
}

function spreadIn(passes: ArmRecords['references'], round: number): Omit<ReferenceRound, 'tokens' | 'loss'> {
  const of = passes.map((rounds) => rounds[round - 1]!);
  const prefix = (key: keyof ReferenceRound['prefix']): number => average(of.map((pass) => pass.prefix[key]));
  return {
    prefix: {
      mean: prefix('mean'),
      median: prefix('median'),
      ninetieth: prefix('ninetieth'),
      above: prefix('above'),
      below: prefix('below'),
    },
    sink: average(of.map(({ sink }) => sink)),
    after: average(of.map(({ after }) => after)),
  };
}

const average = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** How an arm differs from the arm off, with paired 95 % intervals. */
export function compareArms(off: ArmRecords, arm: ArmRecords): ArmEffect {
  const last = probedRounds(off.trials).at(-1)!;
  const stability = (has: (round: number) => boolean): Estimate =>
    bootstrap(off.trials.length, differenceOf(stabilityIn(arm.trials, has), stabilityIn(off.trials, has)));
  const loss = (has: (round: number) => boolean): Estimate | null =>
    arm.references.length === 0
      ? null
      : bootstrap(
          off.references.length,
          differenceOf(lossIn(arm.references, has), lossIn(off.references, has)),
        );
  return {
    name: arm.name,
    first: stability((round) => round === 1),
    early: stability((round) => round <= EARLY),
    late: stability((round) => round >= LATE),
    last: stability((round) => round === last),
    earlyLoss: loss((round) => round <= EARLY),
    lateLoss: loss((round) => round >= LATE),
  };
}
