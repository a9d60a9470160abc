import { HoldfastError } from '../errors.js';
import type { Material, PromptRules } from '../material/index.js';
import { drawBareTrial, drawTrial, type Grammar } from '../organism/index.js';
import { createRandom } from '../random.js';
import { fixedUser } from './fixed-user.js';
import { promptScenario } from './prompt-scenario.js';
import type { Scenario, ScenarioSource } from './scenario.js';
import { type JudgedPrompt, unrelatedTo } from './unrelated-prompt.js';

/** A system prompt of the user's own. */
export interface OwnPrompt {
  readonly system: string;
  /** How to tell whether answers follow it; null if nothing but its influence is measured. */
  readonly rules: PromptRules | null;
}

/** The other side of dialogues under a prompt: what users say, and the prompts that it is compared with. */
export interface Surroundings {
  /** Returns the user's messages of a dialogue, one for each round. */
  messages(index: number, rounds: number): string[];
  readonly prompts: readonly JudgedPrompt[];
}

/** The bundled users who talk about everyday things, and do not try to make the model break its rules. */
const EVERYDAY = ['chatty', 'curious', 'digressing', 'lower-case', 'programmer', 'terse', 'trip-planner'];
/** A user says this many messages of a script in a row, so that a question that refers to the one before stays behind it. */
const RUN = 4;
/** Prompts closest in length that stand in for a prompt, one after the other. */
const REFERENCES = 8;
/** The organism's prompts to choose these from. */
const ORGANISM_PROMPTS = 64;

/**
 * Returns dialogues under one system prompt, as many as anyone asks for: each with other messages of the user. Their
 * unrelated prompts are, in turn, those closest in length.
 * @throws HoldfastError `E_MATERIAL` if the users have fewer messages than rounds
 */
export function promptSource(
  { system, rules }: OwnPrompt,
  rounds: number,
  { messages, prompts }: Surroundings,
): ScenarioSource {
  const most = messages(0, rounds).length;
  if (most < rounds) {
    throw new HoldfastError('E_MATERIAL', `the users have only ${most} messages for ${rounds} rounds`, {
      field: 'rounds',
      hint: 'Ask for fewer rounds',
    });
  }
  const judged: JudgedPrompt = { id: 'own', group: 'own', system, judge: rules?.judge ?? null };
  const references = prompts
    .filter((other) => other.system !== system)
    .sort((a, b) => distance(a, system) - distance(b, system) || (a.id < b.id ? -1 : 1))
    .slice(0, REFERENCES);
  return {
    size: null,
    onePrompt: true,
    at(index): Scenario {
      // Drawn when they are needed: a study looks at the prompts of many dialogues that it does not lead.
      const users = () => messages(index, rounds);
      const course = {
        ...{ id: `own-${index}`, index, given: [], rounds, firstProbe: index, prompts: references },
        user: () => ({ kind: 'own', messages: users() }),
        openUser: () => fixedUser(users()),
      };
      if (rules !== null) return promptScenario({ ...rules, id: 'own', group: 'own', system }, course);
      return {
        ...{ id: course.id, group: 'own', system, given: [], rounds, openUser: course.openUser },
        get content() {
          return { kind: 'own', system, users: users() };
        },
        probesAfter: () => [],
        obedience: () => null,
        ability: () => null,
        reference: null,
        get unrelated() {
          return unrelatedTo(judged, index, references);
        },
      };
    },
  };
}

const distance = (other: JudgedPrompt, system: string): number =>
  Math.abs(other.system.length - system.length);

/** Returns users who begin with an opener, and go on with runs of messages of everyday scripts, none twice in a dialogue. */
export function everydayUsers({ openers, scripts, prompts }: Material): Surroundings {
  const everyday = EVERYDAY.flatMap((name) => scripts.get(name)?.dialogues ?? []);
  return {
    prompts,
    messages(index, rounds) {
      const random = createRandom(index);
      const pick = (count: number): number => Math.floor(random() * count);
      const said = [openers[pick(openers.length)]!];
      const left = everyday.flatMap((messages) =>
        Array.from({ length: Math.floor(messages.length / RUN) }, (_, run) =>
          messages.slice(run * RUN, (run + 1) * RUN),
        ),
      );
      while (said.length < rounds && left.length > 0) said.push(...left.splice(pick(left.length), 1)[0]!);
      return said.slice(0, rounds);
    },
  };
}

/** Returns users who speak the organism's language: those of its dialogues without instructions. */
export function organismUsers(grammar: Grammar): Surroundings {
  return {
    prompts: Array.from({ length: ORGANISM_PROMPTS }, (_, index) => {
      const { system, instructions } = drawTrial(grammar, index, 1);
      return { id: `organism-${index}`, group: 'organism', system, judge: instructions };
    }),
    messages: (index, rounds) => drawBareTrial(grammar, index, rounds).rounds.map(({ user }) => user),
  };
}
