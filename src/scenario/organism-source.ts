import {
  drawTrial,
  type Grammar,
  type Instruction,
  judge,
  judgeAbility,
  type Trial,
  unrelatedTrial,
} from '../organism/index.js';
import type { Message } from '../text/index.js';
import { fixedUser } from './fixed-user.js';
import type { Probe, Scenario, ScenarioSource } from './scenario.js';

/**
 * Returns the organism's own trials, in its own language: dialogues with two instructions whose combination never
 * occurs in training. A scenario's group is the family of its first instruction; a probe's label is the family of the
 * instruction that it tests.
 * @param rounds rounds per dialogue; a longer dialogue begins with the same rounds as a shorter one
 */
export function organismSource(grammar: Grammar, rounds: number): ScenarioSource {
  return { size: null, at: (index) => trialScenario(grammar, drawTrial(grammar, index, rounds)) };
}

/** Returns a trial of the organism as a scenario. */
function trialScenario(grammar: Grammar, trial: Trial): Scenario {
  const { index, system, instructions, rounds } = trial;
  const always = instructions.filter(({ family }) => grammar.families[family]!.shown === 'always');
  const score = (instruction: Instruction, answer: string): number =>
    judge(grammar, instruction, answer, instructions);
  return {
    id: `organism-${index}`,
    group: instructions[0]!.family,
    system,
    given: [],
    rounds: rounds.length,
    content: { kind: 'organism', trial, grammar },
    openUser: () => fixedUser(rounds.map(({ user }) => user)),
    probesAfter: (round) =>
      rounds[round - 1]!.probes.flatMap(({ user, instructions: shown }): Probe[] =>
        shown.map((instruction) => ({
          label: instruction.family,
          question: user,
          rule: null,
          judge: (answer) => score(instruction, answer),
        })),
      ),
    obedience: (_, answer) =>
      always.length === 0
        ? null
        : always.reduce((sum, instruction) => sum + score(instruction, answer), 0) / always.length,
    ability(round, answer, finished) {
      const parts = judgeAbility(grammar, rounds[round - 1]!.round, answer, finished);
      return parts && (parts.topic + parts.slots + parts.wellFormed) / 3;
    },
    reference: rounds.flatMap(({ user, reference }): Message[] => [
      { role: 'user', content: user },
      { role: 'assistant', content: reference },
    ]),
    get unrelated() {
      const other = unrelatedTrial(grammar, trial);
      return { id: `organism-${other.index}`, system: other.system };
    },
  };
}
