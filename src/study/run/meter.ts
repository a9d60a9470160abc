import type { Model } from '../../engine/index.js';
import type { Executor } from '../../executors/index.js';

/** What a model was made to do. */
export interface Meter {
  /** Tokens forwarded, and in how many passes of one sequence. */
  tokens: number;
  passes: number;
  /** Wall time in the executor. */
  executorMs: number;
}

export interface MeteredModel {
  readonly model: Model;
  readonly meter: Meter;
}

/** The same model, with a meter on its executor. */
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
      // Made when they are first read, as those of a loaded model are.
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
