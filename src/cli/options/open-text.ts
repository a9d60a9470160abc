import { openModel } from '../../hub/index.js';
import { findTemplate, findTokenizer } from '../../model-text.js';
import type { TemplateSource, Tokenizer } from '../../text/index.js';
import { noTokenizer } from './no-tokenizer.js';

/** What of a model turns words into tokens; its weights are not read. */
export interface ModelText {
  readonly tokenizer: Tokenizer;
  readonly template: TemplateSource;
}

/** @throws HoldfastError what opening the model throws, `E_TOKENIZER` when it has none */
export async function openText(path: string): Promise<ModelText> {
  const files = await openModel(path);
  try {
    const tokenizer = findTokenizer(files);
    if (tokenizer === null) throw noTokenizer(path);
    return { tokenizer, template: findTemplate(files) };
  } finally {
    await files.close();
  }
}
