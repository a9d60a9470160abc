import { type Model, withForward } from '../../engine/index.js';
import type { SharedTime } from './shared-time.js';

/** Tells a clock when the model's executor is asked and when it answers. */
export function timedModel(model: Model, time: SharedTime): Model {
  return withForward(model, async (requests, options) => {
    time.asked();
    try {
      return await model.executor.forward(requests, options);
    } finally {
      time.answered();
    }
  });
}
