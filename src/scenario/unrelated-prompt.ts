import { isDeepStrictEqual } from 'node:util';
import type { UnrelatedPrompt } from './scenario.js';

/** A prompt to choose from, and everything that decides what its judges accept, as plain JSON. */
export interface JudgedPrompt extends UnrelatedPrompt {
  readonly group: string;
  readonly judge: unknown;
}

/**
 * Returns a prompt of another group with another judge. The choice depends only on the index, and successive indices take
 * the suitable prompts in turn. If all prompts are of one group, takes one of that group with another judge and text; null
 * if there is none.
 * @param among prompts to choose from; may include the prompt itself
 */
export function unrelatedTo(
  { group, judge, system }: JudgedPrompt,
  index: number,
  among: readonly JudgedPrompt[],
): UnrelatedPrompt | null {
  const others = among.filter((other) => other.system !== system && !isDeepStrictEqual(other.judge, judge));
  const elsewhere = others.filter((other) => other.group !== group);
  const suitable = elsewhere.length > 0 ? elsewhere : others;
  const chosen = suitable[index % suitable.length];
  return chosen === undefined ? null : { id: chosen.id, system: chosen.system };
}
