import type { Blueprint } from '../architectures/index.js';
import type { SightedGrid } from '../attention/index.js';
import type { Executor } from '../executors/index.js';
import type { ChatFormat, Tokenizer } from '../text/index.js';

/** A model that is ready to run: an executor with its weights, a tokenizer and a chat format. */
export interface Model {
  /** The path or name from which it was loaded. */
  readonly name: string;
  readonly executor: Executor;
  /** Null if the model's files have none; such a model takes only ids. */
  readonly tokenizer: Tokenizer | null;
  /** Null if the model's files have no tokenizer or no chat template. */
  readonly format: ChatFormat | null;
  /** Returns the SHA-256 of the weight files, in hex. */
  hash(): Promise<string>;
  dispose(): Promise<void>;
}

/** Returns a model's grid of heads. In all supported families, every layer has the same number of heads. */
export function headGrid({ layers }: Blueprint): SightedGrid {
  return {
    layers: layers.length,
    heads: layers[0]!.attention.heads,
    windows: layers.map(({ attention }) => attention.window),
  };
}
