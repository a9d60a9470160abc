import { openChat, type Share, type Turn } from '../dialogue/index.js';
import type { Model } from '../engine/index.js';
import { type Ability, judgeAbility } from './ability.js';
import type { Grammar } from './grammar.js';
import { judge } from './instruction-judge.js';
import type { Probe, Trial, TrialRound } from './trial.js';
import { type Arm, spansOf, targetOf } from './trial-arm.js';

/** How far an instruction was followed in the answer to its probe. */
export interface InstructionScore {
  readonly family: string;
  readonly score: number;
  readonly answer: string;
}

/** What one round of a trial showed. */
export interface RoundRecord {
  /** From 1. */
  readonly round: number;
  /** Tokens of the dialogue before the answer. */
  readonly tokens: number;
  readonly answer: string;
  /** Whether the answer itself does what its instructions that show in every answer say. */
  readonly followed: readonly InstructionScore[];
  /** Null where the user did not ask about a topic. */
  readonly ability: Ability | null;
  /** The target's share in the answer, the mean over layers and heads; */
  readonly share: Share;
  /** and of each head before the policy, `[layers × heads]`. */
  readonly heads: readonly number[];
  /** Empty where no probe was made. */
  readonly probes: readonly InstructionScore[];
}

/** Longest answer in tokens. A reference answer has up to 60; one that is longer has come off the rails. */
const MAX_TOKENS = 96;
/** Sampling as in Li et al. 2024. */
const SAMPLING = { temperature: 1, topP: 0.9 };
/** Seeds that one trial may use: answers take them from the first, probes from the middle, a few a round. */
const SEEDS_PER_TRIAL = 1024;
const SEEDS_PER_PROBED_ROUND = 4;

/**
 * Leads a model through a trial: what the user says is fixed, the answers are the model's own, and after the rounds of
 * `probeRounds` each probe is put on a branch. The seeds of answers and probes depend on trial and round alone, so that
 * arms are paired.
 * @yields the record of each round
 */
export async function* runTrial(
  model: Model,
  grammar: Grammar,
  trial: Trial,
  arm: Arm,
  probeRounds: ReadonlySet<number>,
): AsyncGenerator<RoundRecord> {
  const seed = trial.index * SEEDS_PER_TRIAL;
  const firstProbeSeed = seed + SEEDS_PER_TRIAL / 2;
  const chat = openChat(model, {
    system: trial.system,
    ...arm.settings,
    target: { kind: 'range', range: targetOf(arm, spansOf(model, trial)) },
    sampling: { ...SAMPLING, seed },
    maxTokens: MAX_TOKENS,
  });
  try {
    for (const [index, round] of trial.rounds.entries()) {
      const turn = await finished(chat.answer(round.user));
      const probes: InstructionScore[] = [];
      if (probeRounds.has(index + 1)) {
        for (const [place, probe] of round.probes.entries()) {
          const probeSeed = firstProbeSeed + index * SEEDS_PER_PROBED_ROUND + place;
          const { assistant } = (await chat.probe(probe.user, { seed: probeSeed }))!;
          probes.push(...scoresOf(grammar, trial, probe, assistant));
        }
      }
      yield roundRecord(grammar, trial, round, turn, probes);
    }
  } finally {
    chat.dispose();
  }
}

async function finished(answer: AsyncGenerator<unknown, Turn | null>): Promise<Turn> {
  let next = await answer.next();
  while (!next.done) next = await answer.next();
  return next.value!; // null only for a signal, and there is none
}

function scoresOf(
  grammar: Grammar,
  { instructions }: Trial,
  probe: Pick<Probe, 'instructions'>,
  answer: string,
): InstructionScore[] {
  return probe.instructions.map((instruction) => ({
    family: instruction.family,
    score: judge(grammar, instruction, answer, instructions),
    answer,
  }));
}

function roundRecord(
  grammar: Grammar,
  trial: Trial,
  { round }: TrialRound,
  turn: Turn,
  probes: readonly InstructionScore[],
): RoundRecord {
  const always = trial.instructions.filter(({ family }) => grammar.families[family]!.shown === 'always');
  return {
    round: turn.number,
    tokens: turn.timing.promptTokens,
    answer: turn.assistant,
    followed: scoresOf(grammar, trial, { instructions: always }, turn.assistant),
    ability: judgeAbility(grammar, round, turn.assistant, turn.finish === 'stop'),
    share: turn.shares!.mean,
    heads: Array.from(turn.shares!.heads.before),
    probes,
  };
}
