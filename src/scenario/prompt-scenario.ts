import { JUDGE_VERSION, judgeAnswer, type PromptMaterial, ruleGroup } from '../material/index.js';
import type { Message } from '../text/index.js';
import type { Scenario } from './scenario.js';
import { type JudgedPrompt, unrelatedTo } from './unrelated-prompt.js';

/** The parts of a dialogue that do not follow from its prompt. */
type Course = Pick<Scenario, 'id' | 'given' | 'rounds' | 'openUser'> & {
  /** Index of the scenario in its source. */
  readonly index: number;
  /** All prompts of the material. */
  readonly prompts: readonly JudgedPrompt[];
  /** Returns everything the user's side depends on, as plain JSON. Called only when the content is read. */
  readonly user: () => unknown;
  /** Index of the probe after the first round; later rounds take the prompt's probes in turn. */
  readonly firstProbe: number;
};

/** Returns a dialogue under a prompt of the material: one of its probes per round, and its judge for all answers. */
export function promptScenario(prompt: PromptMaterial, course: Course): Scenario {
  const { id, group, system, shown, probes, judge } = prompt;
  const { index, prompts, user, firstProbe, given, rounds, openUser } = course;
  const score = (answer: string): number => judgeAnswer(judge, answer);
  return {
    id: course.id,
    group,
    system,
    given,
    rounds,
    get content() {
      return {
        prompt: { id, group, system, shown, probes, judge },
        judges: JUDGE_VERSION,
        given,
        user: user(),
        firstProbe: firstProbe % probes.length,
      };
    },
    openUser,
    probesAfter(round) {
      const { question } = probes[(firstProbe + round - 1) % probes.length]!;
      return [{ label: group, question, rule: ruleGroup(judge), judge: score }];
    },
    obedience: (_, answer) => (shown === 'always' ? score(answer) : null),
    ability: () => null,
    reference: null,
    get unrelated() {
      return unrelatedTo(prompt, index, prompts);
    },
  };
}

/** Returns the first `count` of the prompt's given exchanges, whose answers follow the prompt. */
export function givenMessages({ given }: PromptMaterial, count: number): Message[] {
  return given.slice(0, count).flatMap(({ user, assistant }): Message[] => [
    { role: 'user', content: user },
    { role: 'assistant', content: assistant },
  ]);
}
