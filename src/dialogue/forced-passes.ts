import type { Schedule } from '../attention/index.js';

/** Returns whether the strength can change from token to token. */
export const followsTokens = (schedule: Schedule | null): boolean =>
  schedule?.kind === 'per-token' || schedule?.kind === 'target';

/** Token positions of a turn. */
export interface Passes {
  /** Tokens in the cache. */
  readonly held: number;
  /** Prompt tokens that are computed in a separate first pass. */
  readonly firstPass: number;
  /** Prompt tokens that are computed in a separate pass without the policy. */
  readonly cleanLength: number;
  readonly answerStart: number;
  /** One past the last token to forward. */
  readonly end: number;
  /** The most rows that choose tokens in a pass. */
  readonly most: number;
}

/**
 * Returns where the passes of a turn end: one pass for all that the policy acts on; or one for the prompt, and one for each block of rows that
 * choose tokens; or, by token, the passes of a chat: the prompt's blocks, its last token, and each token of the answer.
 */
export function passEnds(
  { held, firstPass, cleanLength, answerStart, end, most }: Passes,
  byToken: boolean,
): number[] {
  const whole = most === 0 || most === Number.POSITIVE_INFINITY;
  const before = byToken ? [Math.min(firstPass, answerStart - 1), answerStart - 1] : [answerStart - 1];
  const rows = byToken ? 1 : most;
  const inBlocks = (): number[] =>
    Array.from({ length: Math.ceil((end - answerStart + 1) / rows) }, (_, block) =>
      Math.min(end, answerStart - 1 + (block + 1) * rows),
    );
  const ends = whole && !byToken ? [end] : [...before, ...inBlocks()];
  return [...new Set([cleanLength, ...ends])].filter((at) => at > held).sort((a, b) => a - b);
}
