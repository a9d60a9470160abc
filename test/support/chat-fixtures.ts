import { fileURLToPath } from 'node:url';
import type { AnswerOptions, AnswerStep, Chat, ChatOptions, Turn } from '../../src/dialogue/index.js';
import type { Model } from '../../src/engine/index.js';
import { type LoadOptions, loadModel } from '../../src/load.js';
import type { ModelName } from './model-fixtures.js';

export const loadFixture = (
  name: ModelName,
  executor: LoadOptions['executor'] = 'reference',
): Promise<Model> =>
  loadModel(fileURLToPath(new URL(`../fixtures/models/${name}`, import.meta.url)), { executor });

export const SYSTEM = 'You are the keeper of the rope. Hold fast.';

/** Short answers of some variety: the random models are so sure of themselves that they need much heat. */
export const CHAT: ChatOptions = {
  system: SYSTEM,
  maxTokens: 10,
  sampling: { temperature: 8, topP: 1, seed: 5 },
};

/** A generator's steps and its return value. */
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

/** An answer to its end, which must be a turn. */
export async function ask(
  chat: Chat,
  user: string,
  options?: AnswerOptions,
): Promise<{ steps: AnswerStep[]; turn: Turn }> {
  const { steps, end } = await collect(chat.answer(user, options));
  if (end === null) throw new Error('the answer came to nothing');
  return { steps, turn: end };
}
