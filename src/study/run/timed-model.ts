import { type Model, withForward } from '../../engine/index.js';
import type { SharedTime } from './shared-time.js';

/** Tells a clock when the model's executor is asked and when it answers. */
export function timedModel(model: Model, time: SharedTime): Model {
  const { executor } = model;
  const timed = async <Result>(answer: () => Promise<Result>): Promise<Result> => {
    time.asked();
    try {
      return await answer();
    } finally {
      time.answered();
    }
  };
  return withForward(
    model,
    (requests, options) => timed(() => executor.forward(requests, options)),
    (sequence) => timed(() => executor.copy(sequence)),
  );
}
