import { parseTarget, type Target, targetName } from '../attention/index.js';

/** A target, or all tokens that are not in one. */
export type StudyTarget = Target | { readonly kind: 'not'; readonly of: Target };

/** @throws HoldfastError `E_TARGET` */
export function readTarget(text: string): StudyTarget {
  return text.startsWith('not:') ? { kind: 'not', of: parseTarget(text.slice(4)) } : parseTarget(text);
}

export function nameOfTarget(target: StudyTarget): string {
  return target.kind === 'not' ? `not:${targetName(target.of)}` : targetName(target);
}
