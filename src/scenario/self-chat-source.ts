import { type Chat, openChat } from '../dialogue/index.js';
import { createRandom } from '../engine/index.js';
import { HoldfastError } from '../errors.js';
import type { Material } from '../material/index.js';
import { type PromptChoice, promptsInTurn } from './prompt-order.js';
import { promptScenario } from './prompt-scenario.js';
import type { ScenarioSource, User, UserContext } from './scenario.js';

export interface SelfChatChoice extends PromptChoice {
  readonly rounds: number;
}

/** Seeds of pairs begin here; the same for every study. */
const PAIR_SEEDS = 2 ** 48;

/**
 * Two copies of the model talk to each other, each under a prompt of its own (Li et al. 2024, section 3). A, who is
 * watched, has the prompts of the chosen groups in turn; B has any other of the material, drawn by the index as the
 * topic is that B opens with.
 * @throws HoldfastError `E_MATERIAL` without openers, without a second prompt, and as {@link promptsInTurn}
 */
export function selfChatSource(material: Material, { rounds, ...choice }: SelfChatChoice): ScenarioSource {
  const { prompts, openers } = material;
  const watched = promptsInTurn(material, choice);
  if (openers.length === 0 || prompts.length < 2) {
    const missing = openers.length === 0 ? 'has no openers' : 'has one prompt only';
    throw new HoldfastError(
      'E_MATERIAL',
      `the material ${missing}, and self-chat needs two who talk about something`,
    );
  }
  return {
    size: null,
    at(index) {
      const a = watched[index % watched.length]!;
      const random = createRandom(PAIR_SEEDS + index);
      const drawn = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)]!;
      const b = drawn(prompts.filter(({ id }) => id !== a.id));
      const opener = drawn(openers);
      return promptScenario(a, {
        id: `${a.id}-${b.id}-${index}`,
        given: [],
        rounds,
        user: { kind: 'self-chat', system: b.system, opener },
        // Later dialogues of a prompt begin with another of its probes.
        firstProbe: index + Math.floor(index / watched.length),
        openUser: (context) => otherSide(context, b.system, opener),
      });
    },
  };
}

/**
 * B's side, played by the same model as it is, whatever the arm does to A. The roles are flipped: what A answers is what
 * B is told, and B's first message quotes the exchange that B opened, so that B too always answers.
 */
function otherSide(context: UserContext, system: string, opener: string): User {
  const { model, seed, sampling, maxTokens } = context;
  let chat: Chat | null = null;
  return {
    async say(answer) {
      if (answer === null) return opener;
      const told = chat === null ? openingExchange(opener, answer) : answer;
      chat ??= openChat(model, { system, policy: 'off', sampling, maxTokens });
      return answerOf(chat, told, seed + chat.turns.length);
    },
    dispose: () => chat?.dispose(),
  };
}

async function answerOf(chat: Chat, message: string, seed: number): Promise<string> {
  const answer = chat.answer(message, { seed });
  let next = await answer.next();
  while (!next.done) next = await answer.next();
  return next.value!.assistant; // null only for a signal, and there is none
}

const openingExchange = (opener: string, answer: string): string =>
  `In the last round, you asked me: ${opener} and I answered: ${answer}`;
