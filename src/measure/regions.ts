import type { Blueprint } from '../architectures/index.js';
import { resolveTarget } from '../attention/index.js';
import { layoutPrompt } from '../dialogue/index.js';
import type { ChatFormat, Message, Span, TokenRange } from '../text/index.js';

/** Token ranges that stay fixed from a dialogue's first prompt on. */
export interface Regions {
  /** Everything up to the end of the system message: the target in Li et al. 2024. */
  readonly prefix: TokenRange;
  /** A control as long as the prefix, after it: the target `random:0`. It exists once the dialogue reaches its end. */
  readonly random: TokenRange;
}

/**
 * Returns the regions of a dialogue.
 * @param messages the dialogue's first messages: a system message and at least one user message
 * @throws HoldfastError those of a layout
 */
export function regionsOf(format: ChatFormat, messages: readonly Message[]): Regions {
  const { system } = layoutPrompt(format, messages, { trustContent: false });
  const prefix = { start: 0, end: system!.message.end };
  return { prefix, random: randomRange(0, prefix) };
}

/** Returns the range of the target `random:seed`, even if the dialogue has not grown that far. */
export function randomRange(seed: number, prefix: TokenRange): TokenRange {
  // No seed puts the range beyond three times the prefix.
  const room: Span = { role: 'template', turn: 0, start: 0, end: 3 * prefix.end };
  const system = { message: prefix, content: prefix };
  const [range] = resolveTarget({ kind: 'random', seed }, { spans: [room], system });
  return range!;
}

/** Returns the tokens at which spans must be cut. */
export const cutsOf = ({ prefix, random }: Regions): number[] => [prefix.end, random.start, random.end];

/**
 * Returns the heads of the layers that see the whole dialogue, as indices into `[layers × heads]`; all heads if every
 * layer has a sliding window. The prompt leaves a window, so a share there says nothing about decay.
 */
export function pairsThatSeeAll({ layers }: Blueprint): number[] {
  const heads = layers[0]!.attention.heads;
  const all = Array.from({ length: layers.length * heads }, (_, pair) => pair);
  const seeing = all.filter((pair) => layers[Math.floor(pair / heads)]!.attention.window === null);
  return seeing.length === 0 ? all : seeing;
}
