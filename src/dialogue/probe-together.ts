import type { Chat } from './chat.js';
import { cleansCache } from './settings.js';
import { together } from './together.js';
import type { Turn } from './turn.js';

/** A question that tests the model, and the seed of its answer. */
export interface ProbeQuestion {
  readonly user: string;
  readonly seed: number;
}

/**
 * Asks probes as {@link Chat.probe} would one after the other, but several at once, each on a copy of the dialogue's cache.
 * @param most probes at once, or fewer if there is no memory for so many copies; 1 makes none
 * @returns the turns as they would have been, in the order of the probes
 * @throws HoldfastError the error of the first probe that fails
 */
export async function probeTogether(
  chat: Chat,
  probes: readonly ProbeQuestion[],
  most: number,
): Promise<Turn[]> {
  const turns: Turn[] = [];
  const failures: { readonly at: number; readonly error: unknown }[] = [];
  let next = 0;
  const ask = async (own: Chat): Promise<void> => {
    const at = next++;
    const { user, seed } = probes[at]!;
    try {
      turns[at] = (await own.probe(user, { seed }))!; // null only if a signal aborts it, and none is given
    } catch (error) {
      failures.push({ at, error });
    }
  };
  const askRest = async (own: Chat): Promise<void> => {
    while (next < probes.length && failures.length === 0) await ask(own);
  };
  // It may compute the dialogue again without the policy. What it has computed, the copies have.
  if (cleansCache(chat.settings) && probes.length > 0) await ask(chat);
  const forks: Chat[] = [];
  try {
    try {
      while (forks.length + 1 < Math.min(most, probes.length - next)) forks.push(await chat.fork());
    } catch {
      // There may be no memory for so many. If it is something else, the next probe fails of it.
    }
    await together([chat, ...forks].map(askRest));
  } finally {
    for (const fork of forks) fork.dispose();
  }
  const [first] = failures.sort((a, b) => a.at - b.at);
  if (first !== undefined) throw first.error;
  return turns;
}
