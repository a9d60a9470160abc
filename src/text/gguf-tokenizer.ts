import { HoldfastError } from '../errors.js';
import type { MetadataValue } from '../formats/index.js';
import type { Normalizer } from './components.js';
import { CONTROL_NAMES } from './end-of-turn.js';
import { ggufDecoder } from './gguf-decoder.js';
import { TokenizerMetadata } from './gguf-metadata.js';
import { preTokenizerNamed } from './gguf-pre-tokenizers.js';
import { mergesFromScores } from './sentencepiece-merges.js';
import { familyToken, type SpecialRole } from './special-tokens.js';
import { createTokenizer, type Tokenizer } from './tokenizer.js';
import type { TokenizerJson } from './tokenizer-json.js';

/** Token types of llama.cpp (`llama_token_type`). */
const NORMAL = 1;
const UNKNOWN = 2;
const CONTROL = 3;
const USER_DEFINED = 4;
const UNUSED = 5;

/**
 * This token identifies the vocabulary of Phi-3 and Phi-3.5. Their special tokens swallow the blanks after them, also
 * those that a template writes; a GGUF file does not record this.
 */
const PHI3_TOKEN = '<|placeholder1|>';
const PHI3_KEEPS_BLANKS: ReadonlySet<string> = new Set(['<unk>', '<s>', '<|endoftext|>']);

/** The roles of the tokens that begin or end something. Nothing depends on the tokens of other roles. */
const NEEDED_ROLES: ReadonlySet<string> = new Set(['bos', 'eos', 'eot', 'eom'] satisfies SpecialRole[]);

/** The parts of a `tokenizer.json` that depend on the kind of vocabulary, and the kind's defaults. */
interface Kind {
  readonly parts: Pick<TokenizerJson, 'normalizer' | 'pre_tokenizer' | 'model'>;
  readonly writing: 'gpt2' | 'llama';
  /** Whether encoding puts a space before the text. */
  readonly prefixesSpace: boolean;
  readonly addsBos: boolean;
  readonly defaultIds: { readonly bos?: number; readonly eos?: number; readonly unk?: number };
}

/**
 * Creates the tokenizer of a GGUF file. It gives the same ids as the `tokenizer.json` that the file was converted from.
 * @param name how errors name the file
 * @param generationConfig the `generation_config.json` beside the file, parsed; null if there is none
 * @throws HoldfastError `E_TOKENIZER` naming the field; also for unknown kinds and pre-tokenizers
 */
export function tokenizerFromGguf(
  metadata: ReadonlyMap<string, MetadataValue>,
  name = 'gguf',
  generationConfig: unknown = null,
): Tokenizer {
  const fields = new TokenizerMetadata(metadata, name);
  const tokens = fields.texts('tokenizer.ggml.tokens');
  const types = fields.has('tokenizer.ggml.token_type')
    ? fields.numbers('tokenizer.ggml.token_type', tokens.length)
    : tokens.map(() => NORMAL);
  const vocab = vocabularyOf(tokens, name);

  const kindName = fields.text('tokenizer.ggml.model');
  const kind = KINDS.get(kindName)?.(fields, tokens, types, vocab);
  if (kind === undefined) {
    throw new HoldfastError('E_TOKENIZER', `unsupported kind of tokenizer: ${JSON.stringify(kindName)}`, {
      file: name,
      field: 'tokenizer.ggml.model',
      hint: `Use a file with one of these: ${[...KINDS.keys()].join(', ')}`,
    });
  }

  const notes: string[] = [];
  const isTyped = fields.has('tokenizer.ggml.token_type');
  const isSpecial = (content: string, id: number): boolean =>
    !isTyped || types[id] === CONTROL || CONTROL_NAMES.has(content);
  const specials = new Set(tokens.filter(isSpecial));
  /** The id of a token that the model needs: instead of a wrong one, that of the family's own. */
  const needed = (role: SpecialRole, fallback?: number): number | undefined => {
    const field = `tokenizer.ggml.${role}_token_id`;
    const own = (what: string): number =>
      tokens.indexOf(familyToken({ role, what, file: name, field }, specials, notes));
    return fields.optionalId(field, tokens.length, own) ?? fallback;
  };
  /** The id of a token that nothing depends on: a wrong one is ignored. */
  const unneeded = (role: string): number | null =>
    fields.optionalId(`tokenizer.ggml.${role}_token_id`, tokens.length, (what) => {
      notes.push(`${name}: ${what}; it is ignored`);
      return null;
    });
  const bos = needed('bos', kind.defaultIds.bos);
  const eos = needed('eos', kind.defaultIds.eos);
  const turnEnds = [needed('eot'), needed('eom')];
  const others = fields.roles().filter((role) => !NEEDED_ROLES.has(role));
  const otherIds = new Map(others.map((role) => [role, unneeded(role)]));
  const unk = otherIds.get('unknown') ?? kind.defaultIds.unk;
  const textOf = (id: number | null | undefined): string | null => (id == null ? null : (tokens[id] ?? null));

  const ofPhi3 = kindName === 'llama' && vocab.has(PHI3_TOKEN);
  const added = tokens.flatMap((content, id) => {
    // A token's type decides what it is, except that some converters give a token that ends a turn the wrong type.
    const ends = id === eos || turnEnds.includes(id) || CONTROL_NAMES.has(content);
    const special = types[id] === CONTROL || types[id] === UNKNOWN || ends;
    if (content === '' || !(special || types[id] === USER_DEFINED)) return [];
    const rstrip = ofPhi3 && !PHI3_KEEPS_BLANKS.has(content);
    return [{ id, content, special, normalized: false, lstrip: false, rstrip, single_word: false }];
  });

  return createTokenizer(
    { ...kind.parts, added_tokens: added },
    {
      bos_token: textOf(bos),
      eos_token: textOf(eos),
      unk_token: textOf(unk),
      pad_token: textOf(otherIds.get('padding')),
      add_bos_token: fields.optionalFlag('tokenizer.ggml.add_bos_token') ?? kind.addsBos,
    },
    name,
    {
      turnEnds: turnEnds.filter((id) => id !== undefined),
      generationConfig,
      notes,
      decoder: ggufDecoder({
        kind: kind.writing,
        added: new Set(added.map(({ content }) => content)),
        unused: new Set(tokens.filter((_, id) => types[id] === UNUSED)),
        dropsSpace: kind.prefixesSpace,
      }),
    },
  );
}

/** The metadata field of a GGUF file that holds its chat template. */
export const GGUF_TEMPLATE_FIELD = 'tokenizer.chat_template';

/** Returns the chat template of a GGUF file, or null if it has none. */
export function templateFromGguf(metadata: ReadonlyMap<string, MetadataValue>, name = 'gguf'): string | null {
  return new TokenizerMetadata(metadata, name).optionalText(GGUF_TEMPLATE_FIELD);
}

type ReadKind = (
  fields: TokenizerMetadata,
  tokens: readonly string[],
  types: readonly number[],
  vocab: ReadonlyMap<string, number>,
) => Kind;

/** Byte-level BPE as in GPT-2. */
const readGpt2: ReadKind = (fields, _tokens, _types, vocab) => {
  const pre = preTokenizerNamed(fields.text('tokenizer.ggml.pre'), fields.name);
  const merges = fields.texts('tokenizer.ggml.merges').map((merge, i): [string, string] => {
    const space = merge.indexOf(' ', 1); // neither part can be empty or contain a space
    if (space > 0) return [merge.slice(0, space), merge.slice(space + 1)];
    throw new HoldfastError('E_TOKENIZER', `merge ${i} is not a pair of tokens: ${JSON.stringify(merge)}`, {
      file: fields.name,
      field: 'tokenizer.ggml.merges',
    });
  });
  return {
    parts: {
      normalizer: pre.normalizer,
      pre_tokenizer: pre.preTokenizer,
      model: { type: 'BPE', vocab, merges, ignore_merges: pre.ignoreMerges },
    },
    writing: 'gpt2',
    prefixesSpace: false,
    addsBos: pre.addsBos,
    defaultIds: {},
  };
};

/** SentencePiece BPE with byte fallback, as in Llama 2 and Gemma. */
const readLlama: ReadKind = (fields, tokens, types, vocab) => {
  const scores = fields.numbers('tokenizer.ggml.scores', tokens.length);
  const pieces = new Map(
    tokens.flatMap((token, id) => (types[id] === NORMAL ? [[token, scores[id]!] as const] : [])),
  );
  const toSpaceMark: Normalizer = { type: 'Replace', pattern: { String: ' ' }, content: '\u2581' };
  const prefixed = fields.optionalFlag('tokenizer.ggml.add_space_prefix') ?? true;
  const unkId =
    fields.optionalId('tokenizer.ggml.unknown_token_id', tokens.length, () => null) ?? types.indexOf(UNKNOWN);
  return {
    parts: {
      normalizer: prefixed
        ? { type: 'Sequence', normalizers: [{ type: 'Prepend', prepend: '\u2581' }, toSpaceMark] }
        : toSpaceMark,
      pre_tokenizer: null,
      model: {
        type: 'BPE',
        vocab,
        merges: mergesFromScores(pieces),
        unk_token: tokens[unkId] ?? null,
        fuse_unk: true,
        byte_fallback: true,
      },
    },
    writing: 'llama',
    prefixesSpace: prefixed,
    addsBos: true,
    // llama.cpp's defaults for this kind.
    defaultIds: { bos: 1, eos: 2, unk: Math.max(unkId, 0) },
  };
};

const KINDS: ReadonlyMap<string, ReadKind> = new Map([
  ['gpt2', readGpt2],
  ['llama', readLlama],
]);

function vocabularyOf(tokens: readonly string[], name: string): ReadonlyMap<string, number> {
  const ids = new Map<string, number>();
  tokens.forEach((token, id) => {
    const earlier = ids.get(token);
    if (earlier !== undefined) {
      throw new HoldfastError(
        'E_TOKENIZER',
        `tokens ${earlier} and ${id} are identical: ${JSON.stringify(token)}`,
        {
          file: name,
          field: 'tokenizer.ggml.tokens',
        },
      );
    }
    ids.set(token, id);
  });
  return ids;
}
