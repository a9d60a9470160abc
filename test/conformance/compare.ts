import { expect } from 'vitest';

/** Names an element of a tensor by its indices, for messages: `layer 2, head 1, row 17`. */
export type ElementName = (index: number) => string;

export function shapeName(dimensions: readonly (readonly [string, number])[]): ElementName {
  return (index) => {
    const parts: string[] = [];
    let rest = index;
    for (const [name, size] of [...dimensions].reverse()) {
      parts.unshift(`${name} ${rest % size}`);
      rest = Math.floor(rest / size);
    }
    return parts.join(', ');
  };
}

/** Fails if any element differs by more than `tolerance`, naming the worst element and both numbers. */
export function expectClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  what: string,
  nameOf: ElementName = (index) => `element ${index}`,
): void {
  expect(actual.length, `${what}: size`).toBe(expected.length);
  let worst = 0;
  let place = -1;
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(actual[i]! - expected[i]!);
    // A NaN compares false with everything: it must fail, not pass.
    if (!(difference <= worst)) {
      worst = difference;
      place = i;
      if (Number.isNaN(difference)) break;
    }
  }
  if (!(worst <= tolerance)) {
    expect.fail(
      `${what}: ${nameOf(place)} is ${actual[place]}, expected ${expected[place]} (tolerance ${tolerance})`,
    );
  }
}

/** Returns the largest value minus the smallest. Logits are compared relative to it. */
export function spread(values: ArrayLike<number>): number {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < values.length; i++) {
    low = Math.min(low, values[i]!);
    high = Math.max(high, values[i]!);
  }
  return high - low;
}

export function argmax(logits: Float32Array): number {
  let best = 0;
  for (let i = 1; i < logits.length; i++) if (logits[i]! > logits[best]!) best = i;
  return best;
}
