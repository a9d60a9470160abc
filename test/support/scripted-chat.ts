import { type ChatOptions, openChat, type Turn } from '../../src/dialogue/index.js';
import type { Model } from '../../src/engine/index.js';
import { ask } from './chat-fixtures.js';
import { spyOnModel } from './organism-fixtures.js';

/**
 * Runs a chat in which the model says the same in every turn. Returns its turns and, for each turn, the logits that would
 * have chosen the tokens: with guidance, those that it combines.
 * @param said the tokens of an answer, including the one that ends the turn
 * @param users what the user says, turn by turn
 */
export async function scriptedChat(
  model: Model,
  said: readonly number[],
  users: readonly string[],
  options: ChatOptions,
): Promise<{ readonly turns: readonly Turn[]; readonly logits: readonly (readonly Float32Array[])[] }> {
  const { guidance = 1 } = options;
  const passes = guidance > 1 ? 2 : 1; // without the system prompt, and with it
  const seen: Float32Array[][] = [];
  const watched = spyOnModel(model, ({ logits: wanted }, { logits }) => {
    if (wanted === 'none') return;
    seen.at(-1)!.push(logits.slice());
    logits.fill(-1e9);
    logits[said[Math.ceil(seen.at(-1)!.length / passes) - 1]!] = 0;
  });
  const chat = openChat(watched, options);
  const turns: Turn[] = [];
  for (const words of users) {
    seen.push([]);
    turns.push((await ask(chat, words)).turn);
  }
  chat.dispose();
  const guided = (rows: readonly Float32Array[]): Float32Array[] =>
    rows.flatMap((row, at) => {
      if (at % passes < passes - 1) return [];
      const without = rows[at - passes + 1]!;
      return [row.map((logit, id) => guidance * logit - (guidance - 1) * without[id]!)];
    });
  return { turns, logits: seen.map(guided) };
}
