import { z } from 'zod';
import { halfPairIn } from '../utf8.js';
import { compilePattern, type Pattern } from './patterns.js';

/**
 * The components of a `tokenizer.json` and all their fields, as the Rust library `tokenizers` 0.23 reads them. Any other
 * component or field is refused by name: it could change ids or texts. A field whose value is `ignored` has no effect on
 * them in that library either: it concerns training or offsets, or repeats another field.
 */
const ignored = z.unknown().optional();

const text = z.string().refine((value) => halfPairIn(value) === null, 'not valid Unicode');
const character = z.string().refine((text) => [...text].length === 1, 'expected one character');
const pattern: z.ZodType<Pattern> = z.union([
  z.strictObject({ String: z.string() }),
  z.strictObject({ Regex: z.string().superRefine(requireCompiled) }),
]);
const behavior = z.enum(['Removed', 'Isolated', 'MergedWithPrevious', 'MergedWithNext', 'Contiguous']);

const component = <Type extends string, Fields extends z.ZodRawShape>(type: Type, fields: Fields) =>
  z.strictObject({ type: z.literal(type), ...fields });

const replace = component('Replace', { pattern, content: z.string() });
const metaspace = component('Metaspace', {
  replacement: character,
  prepend_scheme: z.enum(['first', 'never', 'always']).optional(),
  /** What older files have instead of the scheme: `false` means `never`. */
  add_prefix_space: z.boolean().nullish(),
  split: z.boolean().nullish(),
  str_rep: ignored,
}).refine(
  ({ add_prefix_space, prepend_scheme }) =>
    add_prefix_space !== false || (prepend_scheme ?? 'never') === 'never',
  { path: ['add_prefix_space'], error: 'add_prefix_space: false contradicts the prepend_scheme' },
);

const singleNormalizer = z.discriminatedUnion('type', [
  component('NFC', {}),
  component('NFD', {}),
  component('NFKC', {}),
  component('NFKD', {}),
  component('Lowercase', {}),
  component('Strip', { strip_left: z.boolean(), strip_right: z.boolean() }),
  // An empty text confuses that library: it then writes some characters twice.
  component('Prepend', { prepend: z.string().min(1, 'expected a text to prepend') }),
  replace,
]);
export type Normalizer = z.infer<typeof singleNormalizer> | { type: 'Sequence'; normalizers: Normalizer[] };
export const normalizer: z.ZodType<Normalizer> = z.discriminatedUnion('type', [
  singleNormalizer,
  component('Sequence', {
    normalizers: z.lazy(() => z.array(normalizer)),
  }),
]);

const singlePreTokenizer = z.discriminatedUnion('type', [
  component('ByteLevel', {
    add_prefix_space: z.boolean(),
    use_regex: z.boolean().default(true),
    trim_offsets: ignored,
  }),
  metaspace,
  component('Split', { pattern, behavior, invert: z.boolean().default(false) }),
  component('Digits', { individual_digits: z.boolean().default(false) }),
  component('Punctuation', { behavior: behavior.default('Isolated') }),
  component('Whitespace', {}),
  component('WhitespaceSplit', {}),
  component('BertPreTokenizer', {}),
  component('CharDelimiterSplit', { delimiter: character }),
  component('FixedLength', { length: z.int().positive().default(5) }),
]);
export type PreTokenizer =
  | z.infer<typeof singlePreTokenizer>
  | { type: 'Sequence'; pretokenizers: PreTokenizer[] };
export const preTokenizer: z.ZodType<PreTokenizer> = z.discriminatedUnion('type', [
  singlePreTokenizer,
  component('Sequence', {
    pretokenizers: z.lazy(() => z.array(preTokenizer)),
  }),
]);

const singleDecoder = z.discriminatedUnion('type', [
  component('ByteLevel', { add_prefix_space: ignored, use_regex: ignored, trim_offsets: ignored }),
  metaspace,
  replace,
  component('ByteFallback', {}),
  component('Fuse', {}),
  component('Strip', { content: character, start: z.int().nonnegative(), stop: z.int().nonnegative() }),
  component('WordPiece', { prefix: z.string(), cleanup: z.boolean() }),
  component('BPEDecoder', { suffix: z.string() }),
  component('CTC', { pad_token: z.string(), word_delimiter_token: z.string(), cleanup: z.boolean() }),
]);
export type Decoder = z.infer<typeof singleDecoder> | { type: 'Sequence'; decoders: Decoder[] };
export const decoder: z.ZodType<Decoder> = z.discriminatedUnion('type', [
  singleDecoder,
  component('Sequence', {
    decoders: z.lazy(() => z.array(decoder)),
  }),
]);

/** Of a post-processor, only the token that it puts first is used: no text is encoded with tokens added around it. */
const pieces = z.array(
  z.union([
    z.strictObject({ SpecialToken: z.strictObject({ id: z.string(), type_id: ignored }) }),
    z.strictObject({ Sequence: z.strictObject({ id: z.enum(['A', 'B']), type_id: ignored }) }),
  ]),
);
const aroundTokens = {
  sep: ignored,
  cls: z.tuple([z.string(), z.int().nonnegative()]),
  trim_offsets: ignored,
  add_prefix_space: ignored,
};

const singlePostProcessor = z.discriminatedUnion('type', [
  component('ByteLevel', { add_prefix_space: ignored, use_regex: ignored, trim_offsets: ignored }),
  component('TemplateProcessing', { single: pieces, pair: ignored, special_tokens: ignored }),
  component('BertProcessing', aroundTokens),
  component('RobertaProcessing', aroundTokens),
]);
export type PostProcessor =
  | z.infer<typeof singlePostProcessor>
  | { type: 'Sequence'; processors: PostProcessor[] };
export const postProcessor: z.ZodType<PostProcessor> = z.discriminatedUnion('type', [
  singlePostProcessor,
  component('Sequence', {
    processors: z.lazy(() => z.array(postProcessor)),
  }),
]);

export const addedToken = z.strictObject({
  id: z.int().nonnegative(),
  content: text,
  special: z.boolean().default(false),
  normalized: z.boolean().optional(),
  lstrip: z.boolean().default(false),
  rstrip: z.boolean().default(false),
  single_word: z.boolean().default(false),
});

const noAffix = z.literal('', 'word affixes are not supported').nullish();

/** The most ids, far above any published vocabulary. Lists have a place for each id up to the highest. */
const MAX_IDS = 2 ** 22;

/** Checks a vocabulary and its ids. A map, because its tokens can be any text, such as `__proto__`. */
const vocabulary = z.unknown().transform((value, context): ReadonlyMap<string, number> => {
  const ids = new Map<string, number>();
  const tokens = new Map<number, string>();
  const fail = (message: string, path: string[] = []): never => {
    context.addIssue({ code: 'custom', message, path });
    return z.NEVER;
  };
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return fail('expected an object of tokens and ids');
  }
  for (const [token, id] of Object.entries(value) as [string, unknown][]) {
    if (typeof id !== 'number' || !Number.isInteger(id) || id < 0) return fail('expected an id', [token]);
    if (id >= MAX_IDS) return fail(`the id ${id} is above the limit of ${MAX_IDS - 1}`, [token]);
    if (halfPairIn(token) !== null) return fail('a token is not valid Unicode', [JSON.stringify(token)]);
    const other = tokens.get(id);
    if (other !== undefined) {
      return fail(`tokens ${JSON.stringify(other)} and ${JSON.stringify(token)} have the same id: ${id}`);
    }
    ids.set(token, id);
    tokens.set(id, token);
  }
  return ids;
});

/** Checks the merges: pairs of tokens or, in older files, lines of two tokens. */
const pairs = z.unknown().transform((value, context): readonly (readonly [string, string])[] => {
  if (!Array.isArray(value)) {
    context.addIssue({ code: 'custom', message: 'expected a list of merges' });
    return z.NEVER;
  }
  const merges = (value as unknown[]).filter(
    (merge) => typeof merge !== 'string' || !merge.startsWith('#version'),
  );
  return merges.map((merge, rank): readonly [string, string] => {
    const [left, right, ...more]: unknown[] =
      typeof merge === 'string' ? merge.split(' ') : Array.isArray(merge) ? merge : [];
    if (typeof left === 'string' && typeof right === 'string' && more.length === 0) return [left, right];
    const message = `merge ${rank} is not a pair of tokens: ${JSON.stringify(merge)}`;
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  });
});

export const model = z.strictObject({
  type: z.literal('BPE').optional(),
  vocab: vocabulary,
  merges: pairs,
  unk_token: z.string().nullish(),
  fuse_unk: z.boolean().nullish(),
  byte_fallback: z.boolean().nullish(),
  ignore_merges: z.boolean().nullish(),
  dropout: z.literal(0, 'merging at random (dropout) is not supported').nullish(),
  continuing_subword_prefix: noAffix,
  end_of_word_suffix: noAffix,
});
export type BpeModel = z.infer<typeof model>;

export type Behavior = z.infer<typeof behavior>;

/** Returns when a `Metaspace` puts a space before a text. */
export function prependScheme(component: z.infer<typeof metaspace>): 'first' | 'never' | 'always' {
  return component.prepend_scheme ?? (component.add_prefix_space === false ? 'never' : 'always');
}

function requireCompiled(regex: string, context: z.RefinementCtx): void {
  try {
    compilePattern({ Regex: regex });
  } catch (error) {
    const message = `a regular expression that is not supported: ${(error as Error).message}`;
    context.addIssue({ code: 'custom', message });
  }
}
