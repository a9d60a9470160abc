import { type Chat, openChat } from '../dialogue/index.js';
import { HoldfastError } from '../errors.js';
import type { Material } from '../material/index.js';
import { createRandom } from '../random.js';
import { type PromptChoice, promptsInTurn } from './prompt-order.js';
import { promptScenario } from './prompt-scenario.js';
import type { ScenarioSource, User, UserContext } from './scenario.js';

/** The prompts and rounds of self-chat. */
export interface SelfChatChoice extends PromptChoice {
  readonly rounds: number;
}

/** First seed for drawing pairs, the same for every study. */
const PAIR_SEEDS = 2 ** 48;

/**
 * Returns dialogues in which two copies of the model, A and B, talk to each other, each under its own prompt (Li et
 * al. 2024, section 3). A is the measured one and takes the prompts of the chosen groups in turn. B's prompt (any other
 * of the material) and the opener with which B starts are drawn at random, seeded by the index.
 * @throws HoldfastError `E_MATERIAL` without openers, without a second prompt, and as {@link promptsInTurn}
 */
export function selfChatSource(material: Material, { rounds, ...choice }: SelfChatChoice): ScenarioSource {
  const { prompts, openers } = material;
  const watched = promptsInTurn(material, choice);
  if (openers.length === 0 || prompts.length < 2) {
    const missing = openers.length === 0 ? 'has no openers' : 'has only one prompt';
    throw new HoldfastError(
      'E_MATERIAL',
      `the material ${missing}: self-chat needs an opener and two prompts`,
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
        index,
        prompts,
        given: [],
        rounds,
        user: () => ({ kind: 'self-chat', system: b.system, opener }),
        // Each further dialogue under a prompt begins with its next probe.
        firstProbe: index + Math.floor(index / watched.length),
        openUser: (context) => otherSide(context, b.system, opener),
      });
    },
  };
}

/**
 * Opens B's side, played by the same model without a policy, whatever the arm does to A. The roles are flipped: A's
 * answers are B's user messages. B's first message quotes B's own opener, so that B's turns are always answers.
 */
function otherSide(context: UserContext, system: string, opener: string): User {
  const { model, seed, sampling, maxTokens, now } = context;
  let chat: Chat | null = null;
  return {
    async say(answer) {
      if (answer === null) return opener;
      const told = chat === null ? openingExchange(opener, answer) : answer;
      chat ??= openChat(model, { system, policy: 'off', sampling, maxTokens, now });
      return answerOf(chat, told, seed + chat.turns.length);
    },
    dispose: () => chat?.dispose(),
  };
}

async function answerOf(chat: Chat, message: string, seed: number): Promise<string> {
  const answer = chat.answer(message, { seed });
  let next = await answer.next();
  while (!next.done) next = await answer.next();
  return next.value!.assistant; // null only if a signal aborts it, and none is given
}

const openingExchange = (opener: string, answer: string): string =>
  `In the last round, you asked me: ${opener} and I answered: ${answer}`;
