import { HoldfastError } from '../errors.js';
import type { Chat } from './chat.js';
import type { FreePlaces } from './places.js';
import { cleansCache } from './settings.js';
import { together } from './together.js';
import type { Turn } from './turn.js';

/** A question that tests the model, and the seed of its answer. */
export interface ProbeQuestion {
  readonly user: string;
  readonly seed: number;
}

/**
 * Asks probes as {@link Chat.probe} does, one on the chat itself and others at the same time on copies of its cache. Neither a turn
 * nor its work depends on how many run at once: what the probes do not all reuse of the cache is dropped before.
 * @param places gives a place to each copy
 * @returns the turns, in the order of the probes
 * @throws HoldfastError what {@link Chat.probe} throws
 */
export async function probeTogether(
  chat: Chat,
  probes: readonly ProbeQuestion[],
  places: FreePlaces,
): Promise<Turn[]> {
  const turns: Turn[] = [];
  const failures: { readonly at: number; readonly error: unknown }[] = [];
  /** Probes for which a copy had no memory. */
  const again: number[] = [];
  let next = 0;
  const ask = async (own: Chat, at: number): Promise<void> => {
    const { user, seed } = probes[at]!;
    turns[at] = (await own.probe(user, { seed }))!; // null only if a signal aborts it, and none is given
  };
  // It may compute the dialogue again without the policy. What it has computed, the others find.
  if (cleansCache(chat.settings) && probes.length > 0) await ask(chat, next++);
  const held = chat.keepShared(probes.slice(next).map(({ user }) => user));
  const askRest = async (own: Chat): Promise<void> => {
    const isCopy = own !== chat;
    while (next < probes.length && failures.length === 0 && !(isCopy && places.isCrowded)) {
      const at = next++;
      try {
        await ask(own, at);
        own.keep(held);
      } catch (error) {
        if (!isCopy || !lacksMemory(error)) failures.push({ at, error });
        else again.push(at);
        return;
      }
    }
  };
  const askOnCopy = async (copy: Chat): Promise<void> => {
    try {
      await askRest(copy);
    } finally {
      copy.dispose();
      places.leave();
    }
  };
  const copies = await openCopies(chat, probes.length - next - 1, places);
  await together([askRest(chat), ...copies.map(askOnCopy)]);
  const [first] = failures.sort((a, b) => a.at - b.at);
  if (first !== undefined) throw first.error;
  for (const at of again) {
    await ask(chat, at);
    chat.keep(held);
  }
  return turns;
}

/** Copies a chat as often as there are places and memory, at most so many times. */
async function openCopies(chat: Chat, most: number, places: FreePlaces): Promise<Chat[]> {
  const copies: Chat[] = [];
  while (copies.length < most && places.take()) {
    try {
      copies.push(await chat.fork());
    } catch (error) {
      places.leave();
      if (lacksMemory(error)) break;
      for (const copy of copies) {
        copy.dispose();
        places.leave();
      }
      throw error;
    }
  }
  return copies;
}

const lacksMemory = (error: unknown): boolean =>
  error instanceof HoldfastError && error.code === 'E_EXECUTOR';
