import type { Score } from '../../src/statistics/index.js';

/** Simulates `count` questions, each answered correctly with probability `p`. */
export function drawScore(random: () => number, count: number, p: number): Score {
  let sum = 0;
  for (let question = 0; question < count; question++) if (random() < p) sum++;
  return { sum, count };
}

/** Returns an approximately standard normal number: the sum of twelve uniform ones minus six. */
export function drawNormal(random: () => number): number {
  let sum = -6;
  for (let term = 0; term < 12; term++) sum += random();
  return sum;
}

export function drawEach<Value>(size: number, draw: (index: number) => Value): Value[] {
  return Array.from({ length: size }, (_, index) => draw(index));
}

/** Returns the indices of all clusters, each once, to compute a statistic of the sample itself. */
export const everyOf = (clusters: number): Int32Array => Int32Array.from({ length: clusters }, (_, i) => i);

export const scoresOf = (values: readonly number[]): Score[] => values.map((sum) => ({ sum, count: 1 }));

/** Returns how far a fraction over simulations strays from its expectation `p` in 99 of 100 cases. */
export const binomialMargin = (p: number, simulations: number): number =>
  2.576 * Math.sqrt((p * (1 - p)) / simulations);
