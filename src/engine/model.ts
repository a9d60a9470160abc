import type { Blueprint } from '../architectures/index.js';
import type { HeadGrid } from '../attention/index.js';
import type { Executor } from '../executors/index.js';
import type { ChatFormat, Tokenizer } from '../text/index.js';

/** A model that is ready to run: an executor that holds its weights, and what turns text into its tokens. */
export interface Model {
  /** The path or name it was loaded by. */
  readonly name: string;
  readonly executor: Executor;
  /** Null when the files hold none: such a model takes ids only. */
  readonly tokenizer: Tokenizer | null;
  /** Null when the files hold no tokenizer or no chat template. */
  readonly format: ChatFormat | null;
  /** SHA-256 over the weight files, hex. */
  hash(): Promise<string>;
  dispose(): Promise<void>;
}

/** The model's grid of heads. All families here have the same number in each layer. */
export function headGrid({ layers }: Blueprint): HeadGrid {
  return { layers: layers.length, heads: layers[0]!.attention.heads };
}
