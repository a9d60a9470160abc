import type { Blueprint } from '../architectures/index.js';

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
