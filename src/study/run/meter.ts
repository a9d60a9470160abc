import type { Model } from '../../engine/index.js';
import type { Executor } from '../../executors/index.js';

/** The work that a model has done. */
export interface Meter {
  /** Tokens forwarded. */
  tokens: number;
  /** Forward passes, counted per sequence. */
  passes: number;
  /** Wall time in the executor. */
  executorMs: number;
}

/** A model and the meter on its executor. */
export interface MeteredModel {
  readonly model: Model;
  readonly meter: Meter;
}

/** Puts a meter on a model's executor. */
export function meterModel(model: Model): MeteredModel {
  const meter: Meter = { tokens: 0, passes: 0, executorMs: 0 };
  const { executor } = model;
  const metered: Executor = {
    name: executor.name,
    blueprint: executor.blueprint,
    precision: executor.precision,
    open: (contextLength) => executor.open(contextLength),
    async forward(requests, options) {
      const sinceMs = performance.now();
      try {
        return await executor.forward(requests, options);
      } finally {
        meter.executorMs += performance.now() - sinceMs;
        meter.passes += requests.length;
        for (const { tokens } of requests) meter.tokens += tokens.length;
      }
    },
    dispose: () => executor.dispose(),
  };
  return {
    meter,
    model: {
      name: model.name,
      executor: metered,
      // Getters, because a loaded model creates its tokenizer and format on first use.
      get tokenizer() {
        return model.tokenizer;
      },
      get format() {
        return model.format;
      },
      hash: () => model.hash(),
      dispose: () => model.dispose(),
    },
  };
}
