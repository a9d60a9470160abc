import type { CellState } from '../../../src/studio/study-protocol.js';
import type { Rgb } from './colour.js';

/** Returns the pixels of a row of cells, one a cell, `[1, cells]`. */
export function cellPixels(
  states: readonly CellState[],
  colours: Readonly<Record<CellState, Rgb>>,
): Uint8ClampedArray<ArrayBuffer> {
  const pixels = new Uint8ClampedArray(4 * states.length);
  for (const [at, state] of states.entries()) pixels.set([...colours[state], 255], 4 * at);
  return pixels;
}
