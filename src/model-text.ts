import type { Checkpoint } from './formats/index.js';
import type { SideFiles } from './hub/side-files.js';
import {
  type ChatFormat,
  chatFormat,
  GGUF_TEMPLATE_FIELD,
  type TemplateSource,
  type Tokenizer,
  templateFromGguf,
  tokenizerFromGguf,
  tokenizerFromJson,
} from './text/index.js';

/** Files of a model that its text is made with. */
export interface TextFiles extends SideFiles {
  /** How errors name them: the path or address. */
  readonly name: string;
  readonly checkpoint: Checkpoint;
}

/** `tokenizer.json` where there is one, else the tokenizer inside a GGUF file; with what the folder says ends an answer. */
export function findTokenizer({
  checkpoint,
  tokenizer,
  tokenizerConfig,
  generationConfig,
  name,
}: TextFiles): Tokenizer | null {
  if (tokenizer !== undefined)
    return tokenizerFromJson(tokenizer, tokenizerConfig, `${name}: tokenizer.json`, generationConfig);
  return checkpoint.metadata.has('tokenizer.ggml.model')
    ? tokenizerFromGguf(checkpoint.metadata, name, generationConfig)
    : null;
}

/** The chat template: beside the weights, else inside a GGUF file. */
export function findTemplate({ checkpoint, chatTemplate, name }: TextFiles): TemplateSource {
  if (chatTemplate !== undefined) {
    return { template: chatTemplate.source, templateName: `${name}: ${chatTemplate.file}` };
  }
  const template = templateFromGguf(checkpoint.metadata, name);
  return { template, templateName: template === null ? name : `${name}: ${GGUF_TEMPLATE_FIELD}` };
}

/** How dialogues are laid out; null without a tokenizer or a template. */
export function findFormat(tokenizer: Tokenizer | null, files: TextFiles): ChatFormat | null {
  const source = findTemplate(files);
  return tokenizer === null || source.template === null ? null : chatFormat({ tokenizer, ...source });
}

/** A function that does its work on the first call and remembers the result. */
export function lazily<T>(work: () => T): () => T {
  let done: { readonly result: T } | undefined;
  return () => {
    done ??= { result: work() };
    return done.result;
  };
}
