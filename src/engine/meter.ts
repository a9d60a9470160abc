import type { Executor } from '../executors/index.js';
import type { Model } from './model.js';

/** The work that a model has done. */
export interface Meter {
  /** Tokens forwarded. */
  tokens: number;
  /** Forward passes, counted per sequence. */
  passes: number;
}

/** A model and the meter on its executor. */
export interface MeteredModel {
  readonly model: Model;
  readonly meter: Meter;
}

/** Puts a meter on a model's executor. */
export function meterModel(model: Model): MeteredModel {
  const meter: Meter = { tokens: 0, passes: 0 };
  return {
    meter,
    model: withForward(model, async (requests, options) => {
      try {
        return await model.executor.forward(requests, options);
      } finally {
        meter.passes += requests.length;
        for (const { tokens } of requests) meter.tokens += tokens.length;
      }
    }),
  };
}

/** Returns a model with another `forward`, and perhaps another `copy`. */
export function withForward(
  model: Model,
  forward: Executor['forward'],
  copy: Executor['copy'] = (sequence) => model.executor.copy(sequence),
): Model {
  const { executor } = model;
  return modelWith(model, {
    executor: {
      name: executor.name,
      blueprint: executor.blueprint,
      precision: executor.precision,
      ...(executor.device === undefined ? {} : { device: executor.device }),
      open: (contextLength) => executor.open(contextLength),
      copy,
      forward,
      dispose: () => executor.dispose(),
    },
  });
}

/** Returns a model with another name, executor or end. */
export function modelWith(
  model: Model,
  changes: Partial<Pick<Model, 'name' | 'executor' | 'dispose'>>,
): Model {
  return {
    name: changes.name ?? model.name,
    executor: changes.executor ?? model.executor,
    // Getters, because a loaded model creates its tokenizer and format on first use.
    get tokenizer() {
      return model.tokenizer;
    },
    get format() {
      return model.format;
    },
    hash: () => model.hash(),
    dispose: changes.dispose ?? (() => model.dispose()),
  };
}
