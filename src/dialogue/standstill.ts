import {
  headMask,
  type SightedGrid,
  seesBothSides,
  seesTarget,
  type TargetContext,
  type TokenRange,
  targetName,
  tokensNeeded,
} from '../attention/index.js';
import type { Settings } from './settings.js';

/** The rows of an answer, by the positions of their tokens. */
export interface AnswerRows {
  /** The first row that is computed: earlier ones are in the cache. */
  readonly first: number;
  /** The row that chooses the answer's first token: the prompt's last. */
  readonly choosing: number;
  /** The row after the last, if the answer gets as long as it may. */
  readonly end: number;
}

/** Why a policy cannot act on the rows that choose an answer's tokens. Known before the answer is generated. */
export interface Standstill {
  readonly notice: string;
  /** Whether it can still act on other rows of the prompt. */
  readonly acts: boolean;
}

/**
 * Returns why a policy waits for its target, as text; null if the dialogue has the target and a token outside it, or gets
 * them in this answer.
 */
export function waitingNotice({ target }: Settings, prompt: TargetContext, rows: AnswerRows): string | null {
  const has = rows.choosing + 1;
  const needed = tokensNeeded(target, prompt);
  // A random span is placed when the prompt is laid out. A range may begin during the answer.
  const random = (target.kind === 'not' ? target.of : target).kind === 'random';
  if (needed <= (random ? has : rows.end)) return null;
  return `the policy waits for ${needed - has} more tokens: the target ${targetName(target)} needs ${needed}, and the dialogue has ${has}`;
}

/** Returns why a policy whose target the dialogue has cannot change the rows that choose an answer's tokens; null if it can. */
export function standstill(
  { target, selection }: Settings,
  grid: SightedGrid,
  ranges: readonly TokenRange[],
  rows: AnswerRows,
): Standstill | null {
  const mask = headMask(selection, grid);
  const windows = new Set(grid.windows.filter((_, layer) => actsOn(mask, layer, grid.heads)));
  const canChange = (first: number, window: number | null): boolean => {
    for (let row = first; row < rows.end; row++) if (seesBothSides(window, row, ranges)) return true;
    return false;
  };
  const anyCanChange = (first: number): boolean => [...windows].some((window) => canChange(first, window));
  if (anyCanChange(rows.choosing)) return null;
  const acts = anyCanChange(rows.first);
  const widest = Math.max(...[...windows].map((window) => window ?? Number.POSITIVE_INFINITY));
  const layers = mask.includes(0) ? 'no layer that the policy acts on' : 'no layer';
  const name = target.kind === 'message' ? 'the system prompt' : `the target ${targetName(target)}`;
  const seen = [...windows].some((window) => seesTarget(window, rows.choosing, ranges));
  if (seen) return { acts, notice: `${layers} sees a token outside ${name}: the widest window is ${widest}` };
  const last = Math.max(...ranges.map(({ end }) => end - 1));
  return {
    acts,
    notice: `${layers} sees ${name} any more: its last token is ${rows.choosing - last} tokens back, the widest window is ${widest}`,
  };
}

function actsOn(mask: Uint8Array, layer: number, heads: number): boolean {
  return mask.subarray(layer * heads, (layer + 1) * heads).includes(1);
}
