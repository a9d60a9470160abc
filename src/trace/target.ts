import { namedBy, resolveTarget, type Target, type TargetContext, targetName } from '../attention/index.js';
import { HoldfastError } from '../errors.js';
import type { DialogueLayout, TokenRange } from '../text/index.js';

/** A target with the tokens it stands for in one run. */
export interface ResolvedTarget {
  readonly name: string;
  /** Disjoint, ascending, none empty, the first begins inside the run; the last may hold all that is to come. */
  readonly ranges: readonly TokenRange[];
}

/**
 * The tokens of a target in a dialogue, or in plain tokens, of which only the sink and ranges can be named.
 * @param layout null for plain tokens
 * @param tokens how many there are
 * @throws HoldfastError `E_TARGET` when the run has no such tokens
 */
export function targetTokens(target: Target, layout: DialogueLayout | null, tokens: number): ResolvedTarget {
  const name = targetName(target);
  const named = namedBy(target);
  if (named.kind === 'range' && named.range.end > tokens) {
    throw new HoldfastError('E_TARGET', `the target ${name} reaches beyond the ${tokens} tokens there are`);
  }
  if (layout === null && named.kind !== 'range' && named.kind !== 'sink') {
    throw new HoldfastError('E_TARGET', `the target ${name} needs a dialogue: plain tokens have no spans`, {
      hint: 'Trace a dialogue, or name the tokens: sink, or START:END',
    });
  }
  const ranges = resolveTarget(target, layout === null ? PLAIN : targetContext(layout));
  if (ranges[0]!.start >= tokens) {
    throw new HoldfastError('E_TARGET', `the target ${name} has none of the ${tokens} tokens there are`);
  }
  return { name, ranges };
}

/** Of plain tokens only the first is known. */
const PLAIN: TargetContext = { spans: [{ role: 'sink', turn: 0, start: 0, end: 1 }], system: null };

/** What targets are resolved against; a system message without words that the template leaves out is none. */
function targetContext({ spans, messages }: DialogueLayout): TargetContext {
  const system = messages.find(({ role, start, end }) => role === 'system' && end > start);
  if (system === undefined) return { spans, system: null };
  const { start, end, content } = system;
  return { spans, system: { message: { start, end }, content } };
}

/** Whether a dialogue has a system prompt that targets can be made of. */
export function hasSystemPrompt(layout: DialogueLayout): boolean {
  return targetContext(layout).system !== null;
}
