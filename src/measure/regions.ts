import type { Blueprint } from '../architectures/index.js';
import { resolveTarget } from '../attention/index.js';
import { layoutPrompt } from '../dialogue/index.js';
import type { ChatFormat, Message, Span, TokenRange } from '../text/index.js';

/** Ranges of tokens that stay where they are from a dialogue's first prompt on. */
export interface Regions {
  /** Everything up to the end of the system message: the target in Li et al. 2024. */
  readonly prefix: TokenRange;
  /** A control as long as the prefix, behind it: the target `random:0`. It is there once the dialogue reaches its end. */
  readonly random: TokenRange;
}

/**
 * @param messages the dialogue's first: a system message, and at least one of the user's
 * @throws HoldfastError what laying out throws
 */
export function regionsOf(format: ChatFormat, messages: readonly Message[]): Regions {
  const { system } = layoutPrompt(format, messages, { trustContent: false });
  const prefix = { start: 0, end: system!.message.end };
  return { prefix, random: randomRange(0, prefix) };
}

/** Where the target `random:seed` lies, whether or not the dialogue has grown that far. */
export function randomRange(seed: number, prefix: TokenRange): TokenRange {
  // Three prefixes are room for every seed.
  const room: Span = { role: 'template', turn: 0, start: 0, end: 3 * prefix.end };
  const system = { message: prefix, content: prefix };
  const [range] = resolveTarget({ kind: 'random', seed }, { spans: [room], system });
  return range!;
}

/** Tokens at which spans have to be cut. */
export const cutsOf = ({ prefix, random }: Regions): number[] => [prefix.end, random.start, random.end];

/**
 * Heads of the layers that see the whole dialogue, as indices into `[layers × heads]`; all of them where every layer sees
 * a window only. In a window a share says nothing about distance: the prompt leaves it.
 */
export function pairsThatSeeAll({ layers }: Blueprint): number[] {
  const heads = layers[0]!.attention.heads;
  const all = Array.from({ length: layers.length * heads }, (_, pair) => pair);
  const seeing = all.filter((pair) => layers[Math.floor(pair / heads)]!.attention.window === null);
  return seeing.length === 0 ? all : seeing;
}
