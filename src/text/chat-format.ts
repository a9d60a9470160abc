import { compileTemplate, type Template } from './template.js';
import type { Tokenizer } from './tokenizer.js';

/** How a model wants dialogues written: what laying out a dialogue needs. */
export interface ChatFormat {
  readonly tokenizer: Tokenizer;
  readonly template: Template;
  /** Special tokens by the names that templates use. */
  readonly specialTokens: Readonly<Record<string, string>>;
  /** Ids of the tokens that are not recognised in the words of a message. */
  readonly guarded: ReadonlySet<number>;
}

/** A chat template as it was found. */
export interface TemplateSource {
  /** Its source, null when the model has none. */
  readonly template: string | null;
  /** How errors name the file it is in; where there is none, the model. */
  readonly templateName?: string;
}

/**
 * Binds a tokenizer and a chat template.
 * @throws HoldfastError `E_TEMPLATE` when there is none, or it cannot be parsed
 */
export function chatFormat({
  tokenizer,
  template: source,
  templateName,
}: TemplateSource & { readonly tokenizer: Tokenizer }): ChatFormat {
  const template = compileTemplate(source, templateName);
  const { bos, eos, unk, pad } = tokenizer;
  const named = { bos_token: bos, eos_token: eos, unk_token: unk, pad_token: pad };
  const specialTokens: Record<string, string> = {};
  for (const [name, token] of Object.entries(named)) if (token !== null) specialTokens[name] = token.text;
  // Beside the control tokens, the added words that the template gives a meaning to by writing them or looking for
  // them: a family may mark its role headers as ordinary words. Added whitespace and the like stays text.
  const guarded = tokenizer.addedTokens.filter(
    ({ content, special }) => special || (/[\p{L}\p{N}]/u.test(content) && template.source.includes(content)),
  );
  return { tokenizer, template, specialTokens, guarded: new Set(guarded.map(({ id }) => id)) };
}
