import { namedParts, type Unnamed } from './arm-parts.js';

/** Describes an arm, for example `split-softmax, k = 0.7, top 10 by share`. */
export function describeArm(arm: Unnamed): string {
  return (
    namedParts(arm)
      .filter((part) => part !== null)
      .join(', ') || 'off'
  );
}

/** Describes how an arm differs from the other arms of the same grid. */
export function describeVariant(arm: Unnamed, siblings: readonly Unnamed[]): readonly string[] {
  const others = siblings.map(namedParts);
  return namedParts(arm)
    .filter((part, index) => others.some((other) => other[index] !== part))
    .filter((part) => part !== null);
}
