import type { Blueprint } from '../architectures/index.js';

/**
 * Returns the heads of the layers that see the whole dialogue, as indices into `[layers × heads]`; all heads if every layer
 * has a window. With a window, a share says nothing about distance, because the prompt leaves the window.
 */
export function pairsThatSeeAll({ layers }: Blueprint): number[] {
  const heads = layers[0]!.attention.heads;
  const all = Array.from({ length: layers.length * heads }, (_, pair) => pair);
  const seeing = all.filter((pair) => layers[Math.floor(pair / heads)]!.attention.window === null);
  return seeing.length === 0 ? all : seeing;
}
