import { openModel } from '../../hub/index.js';
import { findTemplate, findTokenizer } from '../../model-text.js';
import { tellNotes } from '../../notes.js';
import type { TemplateSource, Tokenizer } from '../../text/index.js';
import { noTokenizer } from './no-tokenizer.js';

/** A model's tokenizer and chat template. */
export interface ModelText {
  readonly tokenizer: Tokenizer;
  /** Throws if it cannot be read. */
  readonly template: TemplateSource;
}

/**
 * Reads a model's tokenizer and chat template, but not its weights.
 * @throws HoldfastError what opening the model throws; `E_TOKENIZER` when the model has no tokenizer
 */
export async function openText(path: string): Promise<ModelText> {
  const files = await openModel(path);
  try {
    const tokenizer = findTokenizer(files);
    if (tokenizer === null) throw noTokenizer(path);
    tellNotes([...(files.checkpoint.notes ?? []), ...tokenizer.notes]);
    return {
      tokenizer,
      get template() {
        return findTemplate(files);
      },
    };
  } finally {
    await files.close();
  }
}
