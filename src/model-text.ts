import type { Checkpoint } from './formats/index.js';
import type { SideFiles } from './hub/side-files.js';
import { tellNotes } from './notes.js';
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

/** The files that a model's tokenizer and chat format come from. */
export interface TextFiles extends SideFiles {
  /** The path or URL shown in errors. */
  readonly name: string;
  readonly checkpoint: Checkpoint;
}

/**
 * Creates the tokenizer from `tokenizer.json`, else from the metadata of a GGUF; null if there is neither. The
 * end-of-turn tokens of `generation_config.json` are added.
 */
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

/** Returns the chat template: from the files beside the weights, else from the metadata of a GGUF. */
export function findTemplate({ checkpoint, chatTemplate, name, templatePath }: TextFiles): TemplateSource {
  if (chatTemplate !== undefined) {
    return { template: chatTemplate.source, templateName: `${name}: ${chatTemplate.file}`, templatePath };
  }
  const template = templateFromGguf(checkpoint.metadata, name);
  return {
    template,
    templateName: template === null ? name : `${name}: ${GGUF_TEMPLATE_FIELD}`,
    templatePath,
  };
}

/** Creates the chat format; null without a tokenizer or a template. */
function findFormat(tokenizer: Tokenizer | null, files: TextFiles): ChatFormat | null {
  const source = findTemplate(files);
  return tokenizer === null || source.template === null ? null : chatFormat({ tokenizer, ...source });
}

/** A tokenizer and a chat format that are created on first access, which throws if they are invalid. */
export interface LazyText {
  readonly tokenizer: Tokenizer | null;
  readonly format: ChatFormat | null;
}

/** Returns a model's text. What is odd about the tokenizer's files is told when it is created. */
export function lazyText(files: TextFiles): LazyText {
  const tokenizer = lazily(() => {
    const found = findTokenizer(files);
    tellNotes(found?.notes ?? []);
    return found;
  });
  const format = lazily(() => findFormat(tokenizer(), files));
  return {
    get tokenizer() {
      return tokenizer();
    },
    get format() {
      return format();
    },
  };
}

/** Returns a function that does its work on the first call and remembers the result. */
function lazily<T>(work: () => T): () => T {
  let done: { readonly result: T } | undefined;
  return () => {
    done ??= { result: work() };
    return done.result;
  };
}
