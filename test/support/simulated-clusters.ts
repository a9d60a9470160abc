import type { Score } from '../../src/statistics/index.js';

/** `count` questions that are each answered rightly with probability `p`. */
export function drawScore(random: () => number, count: number, p: number): Score {
  let sum = 0;
  for (let question = 0; question < count; question++) if (random() < p) sum++;
  return { sum, count };
}

/** Near enough to a standard normal number: the sum of twelve uniform ones less six. */
export function drawNormal(random: () => number): number {
  let sum = -6;
  for (let term = 0; term < 12; term++) sum += random();
  return sum;
}

export function drawEach<Value>(size: number, draw: (index: number) => Value): Value[] {
  return Array.from({ length: size }, (_, index) => draw(index));
}

/** All clusters, each once: what a statistic of the sample itself is computed of. */
export const everyOf = (clusters: number): Int32Array => Int32Array.from({ length: clusters }, (_, i) => i);

export const scoresOf = (values: readonly number[]): Score[] => values.map((sum) => ({ sum, count: 1 }));

/** How far a fraction of so many simulations strays from its expectation `p` in 99 of 100 cases. */
export const binomialMargin = (p: number, simulations: number): number =>
  2.576 * Math.sqrt((p * (1 - p)) / simulations);
