import { type MockInstance, vi } from 'vitest';
import type { Model } from '../../src/engine/index.js';
import { HoldfastError } from '../../src/errors.js';
import type { Sequence } from '../../src/executors/index.js';

/** Returns a model that opens at most `most` sequences, copies among them, with a spy on the `dispose` of each. */
export function watchSequences(
  model: Model,
  most = Number.POSITIVE_INFINITY,
): { readonly model: Model; readonly disposed: readonly MockInstance<() => void>[] } {
  const { executor } = model;
  const disposed: MockInstance<() => void>[] = [];
  const assertRoom = (): void => {
    if (disposed.length >= most) throw new HoldfastError('E_EXECUTOR', 'no memory');
  };
  const watched = (sequence: Sequence): Sequence => {
    disposed.push(vi.spyOn(sequence, 'dispose'));
    return sequence;
  };
  return {
    disposed,
    model: {
      ...model,
      executor: {
        name: executor.name,
        blueprint: executor.blueprint,
        precision: executor.precision,
        open(contextLength) {
          assertRoom();
          return watched(executor.open(contextLength));
        },
        async copy(sequence) {
          assertRoom();
          return watched(await executor.copy(sequence));
        },
        forward: (requests, options) => executor.forward(requests, options),
        dispose: () => executor.dispose(),
      },
    },
  };
}
