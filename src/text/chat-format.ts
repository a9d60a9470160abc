import { compileTemplate, type Template } from './template.js';
import type { Tokenizer } from './tokenizer.js';

/** A model's way of writing dialogues: everything that laying out a dialogue needs. */
export interface ChatFormat {
  readonly tokenizer: Tokenizer;
  readonly template: Template;
  /** Special tokens, keyed by the names that templates use. */
  readonly specialTokens: Readonly<Record<string, string>>;
  /** Ids of tokens that are never recognised inside a message's words. */
  readonly guarded: ReadonlySet<number>;
}

/** The source of a chat template, and its name. */
export interface TemplateSource {
  /** The template's source; null if the model has none. */
  readonly template: string | null;
  /** The name that errors use: the template's file, or the model if there is no file. */
  readonly templateName?: string;
  /** The path where another template would be read, for the hints of errors. */
  readonly templatePath?: string;
}

/**
 * Combines a tokenizer and a chat template.
 * @throws HoldfastError `E_TEMPLATE` if there is no template or it cannot be parsed
 */
export function chatFormat({
  tokenizer,
  template: source,
  templateName,
  templatePath,
}: TemplateSource & { readonly tokenizer: Tokenizer }): ChatFormat {
  const template = compileTemplate(source, templateName, templatePath);
  const { bos, eos, unk, pad } = tokenizer;
  const named = { bos_token: bos, eos_token: eos, unk_token: unk, pad_token: pad };
  const specialTokens: Record<string, string> = {};
  for (const [name, token] of Object.entries(named)) if (token !== null) specialTokens[name] = token.text;
  // Guard the control tokens, and the added words that the template writes or looks for: a family may mark its role
  // headers as ordinary words. Added tokens without letters or digits, such as whitespace, stay text.
  const guarded = tokenizer.addedTokens.filter(
    ({ content, special }) => special || (/[\p{L}\p{N}]/u.test(content) && template.source.includes(content)),
  );
  return { tokenizer, template, specialTokens, guarded: new Set(guarded.map(({ id }) => id)) };
}
