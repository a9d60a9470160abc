import type { AnswerOptions, AnswerStep, Chat, ChatOptions, Turn } from '../../src/dialogue/index.js';
import type { Model } from '../../src/engine/index.js';
import { type LoadOptions, loadModel } from '../../src/load.js';
import { type FamilyName, tinyModel } from './families.js';

/** Loads a fixture model. */
export const loadFixture = (
  name: FamilyName,
  executor: LoadOptions['executor'] = 'reference',
  options: LoadOptions = {},
): Promise<Model> => loadModel(tinyModel(name), { ...options, executor });

export const SYSTEM = 'You are the keeper of the rope. Hold fast.';

/** Settings for short, varied answers: the random models are so confident that they need a high temperature. */
export const CHAT = {
  system: SYSTEM,
  maxTokens: 10,
  sampling: { temperature: 8, topP: 1, seed: 5 },
} satisfies ChatOptions;

/** Runs a generator to its end and returns its steps and its return value. */
export async function collect<Step, End>(
  generator: AsyncGenerator<Step, End>,
): Promise<{ steps: Step[]; end: End }> {
  const steps: Step[] = [];
  for (;;) {
    const next = await generator.next();
    if (next.done) return { steps, end: next.value };
    steps.push(next.value);
  }
}

/** Runs an answer to its end and returns its steps and its turn. */
export async function ask(
  chat: Chat,
  user: string,
  options?: AnswerOptions,
): Promise<{ steps: AnswerStep[]; turn: Turn }> {
  const { steps, end } = await collect(chat.answer(user, options));
  if (end === null) throw new Error('the answer ended without a turn');
  return { steps, turn: end };
}
