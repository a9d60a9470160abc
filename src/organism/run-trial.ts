import { assertTouched } from '../attention/index.js';
import { openChat, type Share, type Turn } from '../dialogue/index.js';
import type { Model } from '../engine/index.js';
import { currentMoment } from '../text/index.js';
import { type Ability, judgeAbility } from './ability.js';
import type { Grammar } from './grammar.js';
import { judge } from './instruction-judge.js';
import type { Trial, TrialProbe, TrialRound } from './trial.js';
import { spansOf, type TrialArm, targetOf } from './trial-arm.js';

/** How well an answer follows an instruction. */
export interface InstructionScore {
  readonly family: string;
  readonly score: number;
  readonly answer: string;
}

/** The record of one round of a trial. */
export interface TrialRoundRecord {
  /** Round number, from 1. */
  readonly round: number;
  /** Tokens of the dialogue before the answer. */
  readonly tokens: number;
  readonly answer: string;
  /** Scores of the answer itself, for the instructions that show in every answer. */
  readonly followed: readonly InstructionScore[];
  /** Ability shown in the answer; null if the user did not ask about a topic. */
  readonly ability: Ability | null;
  /** Share of the target in the answer, mean over the heads that see furthest. */
  readonly share: Share;
  /** Share of the target in each head before the policy, `[layers × heads]`. */
  readonly heads: readonly number[];
  /** Scores of the answers to probes; empty if the round was not probed. */
  readonly probes: readonly InstructionScore[];
}

/** Maximum length of an answer in tokens. Reference answers have at most 60; much longer ones are degenerate. */
const MAX_TOKENS = 96;
/** Sampling settings of Li et al. 2024. */
const SAMPLING = { temperature: 1, topP: 0.9 };
/** Number of seeds reserved for a trial. Answers use them from the first on, probes from the middle on. */
const SEEDS_PER_TRIAL = 1024;
const SEEDS_PER_PROBED_ROUND = 4;

/**
 * Runs a trial: the user messages are fixed and the model answers. After each round in `probeRounds`, asks each probe on
 * a branch, which the dialogue does not see. The seeds of answers and probes depend only on trial and round, so that
 * arms are paired.
 * @param now the date and time that the template writes if it writes one; the organism's does not
 * @yields the record of each round
 */
export async function* runTrial(
  model: Model,
  grammar: Grammar,
  trial: Trial,
  arm: TrialArm,
  probeRounds: ReadonlySet<number>,
  now = currentMoment(),
): AsyncGenerator<TrialRoundRecord> {
  const seed = trial.index * SEEDS_PER_TRIAL;
  const firstProbeSeed = seed + SEEDS_PER_TRIAL / 2;
  const chat = openChat(model, {
    system: trial.system,
    ...arm.settings,
    target: { kind: 'range', range: targetOf(arm, spansOf(model, trial, now)) },
    sampling: { ...SAMPLING, seed },
    maxTokens: MAX_TOKENS,
    now,
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
    assertTouched(chat.turns);
  } finally {
    chat.dispose();
  }
}

async function finished(answer: AsyncGenerator<unknown, Turn | null>): Promise<Turn> {
  let next = await answer.next();
  while (!next.done) next = await answer.next();
  return next.value!; // null only after an abort signal, and none is passed
}

function scoresOf(
  grammar: Grammar,
  { instructions }: Trial,
  probe: Pick<TrialProbe, 'instructions'>,
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
): TrialRoundRecord {
  const always = trial.instructions.filter(({ family }) => grammar.families[family]!.shown === 'always');
  return {
    round: turn.number,
    tokens: turn.timing.promptTokens,
    answer: turn.assistant,
    followed: scoresOf(grammar, trial, { instructions: always }, turn.assistant),
    ability: judgeAbility(grammar, round, turn.assistant, turn.finish === 'stop'),
    share: turn.shares!.mean!, // the organism has layers without a window
    heads: Array.from(turn.shares!.heads.before),
    probes,
  };
}
