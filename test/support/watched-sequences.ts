import { type MockInstance, vi } from 'vitest';
import type { Model } from '../../src/engine/index.js';

/** Returns a model that opens at most `most` sequences, with a spy on the `dispose` of each. */
export function watchSequences(
  model: Model,
  most = Number.POSITIVE_INFINITY,
): { readonly model: Model; readonly disposed: readonly MockInstance<() => void>[] } {
  const { executor } = model;
  const disposed: MockInstance<() => void>[] = [];
  return {
    disposed,
    model: {
      ...model,
      executor: {
        name: executor.name,
        blueprint: executor.blueprint,
        precision: executor.precision,
        open(contextLength) {
          if (disposed.length >= most) throw new RangeError('no memory');
          const sequence = executor.open(contextLength);
          disposed.push(vi.spyOn(sequence, 'dispose'));
          return sequence;
        },
        forward: (requests, options) => executor.forward(requests, options),
        dispose: () => executor.dispose(),
      },
    },
  };
}
