import { namedBy, resolveTarget, type Target, type TargetContext, targetName } from '../attention/index.js';
import { HoldfastError } from '../errors.js';
import type { DialogueLayout, TokenRange } from '../text/index.js';

/** A target with its tokens in one run. */
export interface ResolvedTarget {
  readonly name: string;
  /** Disjoint, ascending, none empty. The first starts inside the run; the last may extend beyond its end. */
  readonly ranges: readonly TokenRange[];
}

/**
 * Returns the tokens of a target in a dialogue or in plain tokens, which have only the sink and ranges as targets.
 * @param layout null for plain tokens
 * @param tokens number of tokens of the run
 * @throws HoldfastError `E_TARGET` if the run has no such tokens
 */
export function targetTokens(target: Target, layout: DialogueLayout | null, tokens: number): ResolvedTarget {
  const name = targetName(target);
  const named = namedBy(target);
  if (named.kind === 'range' && named.range.end > tokens) {
    throw new HoldfastError('E_TARGET', `the target ${name} extends beyond the ${tokens} tokens of the run`);
  }
  if (layout === null && named.kind !== 'range' && named.kind !== 'sink') {
    throw new HoldfastError('E_TARGET', `the target ${name} needs a dialogue: plain tokens have no spans`, {
      hint: 'Trace a dialogue (--chat), or name the tokens: --target sink, or START:END',
    });
  }
  const ranges = resolveTarget(target, layout ?? PLAIN);
  if (ranges[0]!.start >= tokens) {
    throw new HoldfastError(
      'E_TARGET',
      `the target ${name} contains none of the ${tokens} tokens of the run`,
    );
  }
  return { name, ranges };
}

/** The context of plain tokens: only the sink, the first token, is known. */
const PLAIN: TargetContext = { spans: [{ role: 'sink', turn: 0, start: 0, end: 1 }], messages: [] };
