import { z } from 'zod';
import { HoldfastError } from '../errors.js';
import type { AddedToken } from './added-tokens.js';

/**
 * The parts of a `tokenizer.json` that this room relies on. The normaliser and the pre-tokenizer pass through
 * unchecked: the library that runs them refuses the kinds it does not know.
 */
const component = z.looseObject({ type: z.string() });

const addedToken = z.looseObject({
  id: z.int().nonnegative(),
  content: z.string(),
  special: z.boolean().default(false),
  normalized: z.boolean().optional(),
  lstrip: z.boolean().default(false),
  rstrip: z.boolean().default(false),
  single_word: z.boolean().default(false),
});

const schema = z.looseObject({
  added_tokens: z.array(addedToken).nullish(),
  normalizer: component.nullish(),
  pre_tokenizer: component.nullish(),
  post_processor: component.nullish(),
  decoder: component.nullish(),
  model: z.looseObject({
    type: z.string().optional(),
    vocab: z.record(z.string(), z.int().nonnegative()),
    merges: z.array(z.union([z.string(), z.tuple([z.string(), z.string()])])),
    unk_token: z.string().nullish(),
    byte_fallback: z.boolean().nullish(),
    continuing_subword_prefix: z.string().nullish(),
    end_of_word_suffix: z.string().nullish(),
  }),
});

/** A component of a `tokenizer.json`: normaliser, pre-tokenizer, post-processor or decoder. */
export type Component = z.infer<typeof component>;
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
 * @throws HoldfastError `E_TOKENIZER` naming the field, also for models other than BPE
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
  if (!parsed.success) throw malformed(parsed.error, name, 'tokenizer.json');
  for (const field of ['continuing_subword_prefix', 'end_of_word_suffix'] as const) {
    if (parsed.data.model[field]) {
      throw new HoldfastError('E_TOKENIZER', 'word affixes are not supported', {
        file: name,
        field: `model.${field}`,
      });
    }
  }
  return parsed.data;
}

/**
 * Checks a parsed `tokenizer_config.json`; null or undefined if there is none.
 * @throws HoldfastError `E_TOKENIZER` naming the field
 */
export function checkTokenizerConfig(json: unknown, name: string): TokenizerConfig {
  const parsed = configSchema.safeParse(json ?? {});
  if (!parsed.success) throw malformed(parsed.error, name, 'tokenizer_config.json');
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
  if (!parsed.success) throw malformed(parsed.error, name, 'generation_config.json');
  const ids = parsed.data.eos_token_id ?? [];
  return Array.isArray(ids) ? ids : [ids];
}

/** Returns the text of a special token in a `tokenizer_config.json`, or null if it is not set or not a token. */
export function specialTokenText(token: unknown): string | null {
  const { success, data } = specialToken.safeParse(token);
  if (!success || data == null) return null;
  return typeof data === 'string' ? data : data.content;
}

/** Returns the added tokens of a `tokenizer.json`, with the format's defaults filled in. */
export function addedTokensOf(json: TokenizerJson): AddedToken[] {
  return (json.added_tokens ?? []).map((token) => ({
    id: token.id,
    content: token.content,
    special: token.special,
    normalized: token.normalized ?? !token.special,
    lstrip: token.lstrip,
    rstrip: token.rstrip,
    singleWord: token.single_word,
  }));
}

function malformed(error: z.ZodError, name: string, what: string): HoldfastError {
  const issue = error.issues[0];
  return new HoldfastError('E_TOKENIZER', `malformed ${what}: ${issue?.message ?? 'unreadable'}`, {
    file: name,
    ...(issue !== undefined && issue.path.length > 0 ? { field: issue.path.map(String).join('.') } : {}),
  });
}
