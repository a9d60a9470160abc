import {
  namedBy,
  resolveTarget,
  type Target,
  type TargetContext,
  type TokenRange,
} from '../attention/index.js';
import { HoldfastError } from '../errors.js';
import type { Span } from '../text/index.js';

/** A dialogue's spans, cut so that each lies inside a watched target or outside of it. */
export interface Watched {
  readonly spans: readonly Span[];
  /** For each target, the indices of its spans; null where the dialogue has no such tokens, or not yet. */
  readonly places: readonly (readonly number[] | null)[];
}

/** Finds targets in a dialogue as it stands: where the system message moves, they move with it. */
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
 * The same while an answer grows behind a prompt. Targets that lie in the prompt are looked for once: who answers asks
 * with every token.
 */
export function watchAnswer(
  targets: readonly Target[],
  prompt: TargetContext,
): (answer: Span | null) => Watched {
  const before = watchTargets(targets, prompt);
  const end = prompt.spans.at(-1)?.end ?? 0;
  // Of what a prompt does not have, only a random span may come with the answer.
  const stays = (target: Target): boolean =>
    rangesOf(target, prompt)?.every((range) => range.end <= end) ?? namedBy(target).kind !== 'random';
  const stay = targets.every(stays);
  return (answer) => {
    if (answer === null) return before;
    if (stay) return { spans: [...before.spans, answer], places: before.places };
    return watchTargets(targets, { spans: [...prompt.spans, answer], messages: prompt.messages });
  };
}

/** The tokens of a target; null where the dialogue has none. @throws HoldfastError other than `E_TARGET` */
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

/** Spans in pieces, so that none reaches over one of these tokens. */
function cutSpans(spans: readonly Span[], cuts: readonly number[]): readonly Span[] {
  const ascending = [...new Set(cuts)].sort((a, b) => a - b);
  return spans.flatMap((span) => {
    const inside = ascending.filter((cut) => cut > span.start && cut < span.end);
    const starts = [span.start, ...inside];
    return starts.map((start, index) => ({ ...span, start, end: inside[index] ?? span.end }));
  });
}
