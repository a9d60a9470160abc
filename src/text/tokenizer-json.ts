import { z } from 'zod';
import { HoldfastError } from '../errors.js';
import type { AddedToken } from './added-tokens.js';
import { addedToken, decoder, model, normalizer, postProcessor, preTokenizer } from './components.js';
import { mayDropStart } from './normalizers.js';
import { heedsStart } from './pre-tokenizers.js';

const schema = z.strictObject({
  version: z.literal('1.0').nullish(),
  // transformers switches both off: it pads and truncates only where a caller asks for it.
  truncation: z.unknown().optional(),
  padding: z.unknown().optional(),
  added_tokens: z.array(addedToken).nullish(),
  normalizer: normalizer.nullish(),
  pre_tokenizer: preTokenizer.nullish(),
  post_processor: postProcessor.nullish(),
  decoder: decoder.nullish(),
  model,
});

/** A checked `tokenizer.json`. */
export type TokenizerJson = z.infer<typeof schema>;

/** The parts of a `tokenizer_config.json` that this room relies on: the special tokens, and whether it adds a BOS. */
const specialToken = z.union([z.string(), z.looseObject({ content: z.string() })]).nullish();
const configSchema = z.looseObject({
  bos_token: specialToken,
  eos_token: specialToken,
  // Nothing depends on these two: what is not a token is ignored, with a note.
  unk_token: z.unknown().optional(),
  pad_token: z.unknown().optional(),
  add_bos_token: z.boolean().nullish(),
});
/** A checked `tokenizer_config.json`. */
export type TokenizerConfig = z.infer<typeof configSchema>;

/**
 * Checks a parsed `tokenizer.json`.
 * @throws HoldfastError `E_TOKENIZER` naming the field, also for a component or a field that is not supported
 */
export function checkTokenizerJson(json: unknown, name: string): TokenizerJson {
  // Check the model type first: another type's vocabulary has another shape, and the schema would call it malformed.
  const type = z.object({ model: z.object({ type: z.string() }) }).safeParse(json);
  if (type.success && type.data.model.type !== 'BPE') {
    throw new HoldfastError('E_TOKENIZER', `a ${type.data.model.type} tokenizer is not supported, only BPE`, {
      file: name,
      field: 'model.type',
    });
  }
  const parsed = schema.safeParse(json);
  if (!parsed.success) throw malformed(parsed.error, json, name, 'tokenizer.json');
  const { normalizer = null, pre_tokenizer = null } = parsed.data;
  if (pre_tokenizer !== null && heedsStart(pre_tokenizer) && mayDropStart(normalizer)) {
    const what =
      'a prepend_scheme "first" after a normalizer that can remove the first character is not supported';
    throw new HoldfastError('E_TOKENIZER', what, { file: name, field: 'pre_tokenizer' });
  }
  return parsed.data;
}

/**
 * Checks a parsed `tokenizer_config.json`; null or undefined if there is none.
 * @throws HoldfastError `E_TOKENIZER` naming the field
 */
export function checkTokenizerConfig(json: unknown, name: string): TokenizerConfig {
  const parsed = configSchema.safeParse(json ?? {});
  if (!parsed.success) throw malformed(parsed.error, json, name, 'tokenizer_config.json');
  return parsed.data;
}

const generationConfigSchema = z.looseObject({ eos_token_id: z.unknown().optional() });

/**
 * Returns what ends an answer according to a parsed `generation_config.json` (null or undefined if there is none). The
 * caller checks that these are ids.
 * @throws HoldfastError `E_TOKENIZER` if the file is not an object
 */
export function generationEnds(json: unknown, name: string): readonly unknown[] {
  const parsed = generationConfigSchema.safeParse(json ?? {});
  if (!parsed.success) throw malformed(parsed.error, json, name, 'generation_config.json');
  const ids = parsed.data.eos_token_id ?? [];
  return Array.isArray(ids) ? ids : [ids];
}

/** Returns the text of a special token in a `tokenizer_config.json`, or null if it is not set or not a token. */
export function specialTokenText(token: unknown): string | null {
  const { success, data } = specialToken.safeParse(token);
  if (!success || data == null) return null;
  return typeof data === 'string' ? data : data.content;
}

/**
 * Returns the added tokens of a `tokenizer.json`, with the format's defaults filled in. Like the Rust library, it leaves
 * out an empty token, and one that repeats an earlier one.
 * @throws HoldfastError `E_TOKENIZER` for an id that the Rust library would not give the token: a token of the
 * vocabulary keeps its id, and the others follow the vocabulary in the order of the file
 */
export function addedTokensOf({ added_tokens, model: { vocab } }: TokenizerJson, name: string): AddedToken[] {
  const added = new Map<string, AddedToken>();
  let highest = -1;
  for (const [index, token] of (added_tokens ?? []).entries()) {
    const { id, content } = token;
    if (content === '' || added.has(content)) continue;
    const expected = vocab.get(content) ?? Math.max(vocab.size, highest + 1);
    if (id !== expected) {
      throw new HoldfastError(
        'E_TOKENIZER',
        `the added token ${JSON.stringify(content)} has id ${id}, but tokenizers gives it id ${expected}`,
        { file: name, field: `added_tokens.${index}.id` },
      );
    }
    highest = Math.max(highest, id);
    added.set(content, {
      id,
      content,
      special: token.special,
      normalized: token.normalized ?? !token.special,
      lstrip: token.lstrip,
      rstrip: token.rstrip,
      singleWord: token.single_word,
    });
  }
  return [...added.values()];
}

function malformed(error: z.ZodError, json: unknown, name: string, what: string): HoldfastError {
  const issue = error.issues[0];
  const path = issue?.path.map(String) ?? [];
  const place = (...more: string[]) => {
    const field = [...path, ...more].join('.');
    return { file: name, ...(field === '' ? {} : { field }) };
  };
  if (issue?.code === 'unrecognized_keys') {
    const [key] = issue.keys;
    return new HoldfastError('E_TOKENIZER', `unsupported field of ${what}: ${key}`, place(key!));
  }
  if (issue?.code === 'invalid_union' && issue.discriminator !== undefined) {
    const type = issue.path.reduce<unknown>(
      (value, key) => (value as Record<PropertyKey, unknown>)?.[key],
      json,
    );
    const shown = typeof type === 'string' ? type : type === undefined ? 'no type' : JSON.stringify(type);
    return new HoldfastError('E_TOKENIZER', `unsupported component of ${what}: ${shown}`, place());
  }
  return new HoldfastError('E_TOKENIZER', `malformed ${what}: ${issue?.message ?? 'unreadable'}`, place());
}
