import {
  namedBy,
  resolveTarget,
  type Target,
  type TargetContext,
  type TokenRange,
} from '../attention/index.js';
import { HoldfastError } from '../errors.js';
import type { Span } from '../text/index.js';

/** A dialogue's spans, cut so that each is either inside or outside every watched target. */
export interface Watched {
  readonly spans: readonly Span[];
  /** For each target, the indices of its spans; null if the dialogue does not have it, or not yet. */
  readonly places: readonly (readonly number[] | null)[];
}

/** Finds targets in a dialogue at its current length. If the system message moves, they move with it. */
export function watchTargets(targets: readonly Target[], context: TargetContext): Watched {
  const found = targets.map((target) => rangesOf(target, context));
  const cuts = found.flatMap((ranges) => (ranges ?? []).flatMap(({ start, end }) => [start, end]));
  const spans = cutSpans(context.spans, cuts);
  return {
    spans,
    places: found.map(
      (ranges) => ranges && spans.flatMap((span, place) => (isWithin(span, ranges) ? [place] : [])),
    ),
  };
}

/**
 * Returns a function that does the same while an answer grows after a prompt. It is called for every token, so targets
 * inside the prompt are found only once.
 */
export function watchAnswer(
  targets: readonly Target[],
  prompt: TargetContext,
): (answer: Span | null) => Watched {
  const before = watchTargets(targets, prompt);
  const end = prompt.spans.at(-1)?.end ?? 0;
  // Of the targets that a prompt does not have, only a random span can appear during the answer.
  const stays = (target: Target): boolean =>
    rangesOf(target, prompt)?.every((range) => range.end <= end) ?? namedBy(target).kind !== 'random';
  const stay = targets.every(stays);
  return (answer) => {
    if (answer === null) return before;
    if (stay) return { spans: [...before.spans, answer], places: before.places };
    return watchTargets(targets, { spans: [...prompt.spans, answer], messages: prompt.messages });
  };
}

/** Returns the tokens of a target; null if the dialogue does not have it. */
export function rangesOf(target: Target, context: TargetContext): readonly TokenRange[] | null {
  try {
    return resolveTarget(target, context);
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'E_TARGET') return null;
    throw error;
  }
}

const isWithin = (span: Span, ranges: readonly TokenRange[]): boolean =>
  ranges.some(({ start, end }) => span.start >= start && span.end <= end);

/** Cuts spans at the given token indices. */
function cutSpans(spans: readonly Span[], cuts: readonly number[]): readonly Span[] {
  const ascending = [...new Set(cuts)].sort((a, b) => a - b);
  return spans.flatMap((span) => {
    const inside = ascending.filter((cut) => cut > span.start && cut < span.end);
    const starts = [span.start, ...inside];
    return starts.map((start, index) => ({ ...span, start, end: inside[index] ?? span.end }));
  });
}
