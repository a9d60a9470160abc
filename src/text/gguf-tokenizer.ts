import { HoldfastError } from '../errors.js';
import type { MetadataValue } from '../formats/index.js';
import { END_NAMES } from './end-of-turn.js';
import { TokenizerMetadata } from './gguf-metadata.js';
import { preTokenizerNamed } from './pre-tokenizers.js';
import { mergesFromScores } from './sentencepiece-merges.js';
import { createTokenizer, type Tokenizer } from './tokenizer.js';
import type { TokenizerJson } from './tokenizer-json.js';

/** llama.cpp's kinds of tokens (`llama_token_type`). */
const NORMAL = 1;
const UNKNOWN = 2;
const CONTROL = 3;
const USER_DEFINED = 4;

/**
 * Phi-3's and Phi-3.5's vocabulary is known by this. Their special tokens take the blanks behind them, those of a template
 * too, of which a GGUF says nothing.
 */
const PHI3_TOKEN = '<|placeholder1|>';
const PHI3_KEEPS_BLANKS: ReadonlySet<string> = new Set(['<unk>', '<s>', '<|endoftext|>']);

/** What of a `tokenizer.json` depends on the kind of vocabulary, and what the kind implies when the file is silent. */
interface Kind {
  readonly parts: Pick<TokenizerJson, 'normalizer' | 'pre_tokenizer' | 'decoder' | 'model'>;
  readonly addsBos: boolean;
  readonly defaultIds: { readonly bos?: number; readonly eos?: number; readonly unk?: number };
}

/**
 * The tokenizer inside a GGUF file, giving the ids of the `tokenizer.json` it was converted from.
 * @param name how errors name the file
 * @param generationConfig the `generation_config.json` beside it, parsed, null when there is none
 * @throws HoldfastError `E_TOKENIZER` naming the field; also for kinds and pre-tokenizers that are not known
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
    throw new HoldfastError(
      'E_TOKENIZER',
      `a tokenizer of the kind ${JSON.stringify(kindName)} is not supported`,
      {
        file: name,
        field: 'tokenizer.ggml.model',
        hint: `Supported are ${[...KINDS.keys()].join(' and ')}`,
      },
    );
  }

  const idOf = (role: string, fallback?: number): number | undefined =>
    fields.optionalId(`tokenizer.ggml.${role}_token_id`, tokens.length) ?? fallback;
  const bos = idOf('bos', kind.defaultIds.bos);
  const eos = idOf('eos', kind.defaultIds.eos);
  const unk = idOf('unknown', kind.defaultIds.unk);
  const turnEnds = [idOf('eot'), idOf('eom')];
  const textOf = (id: number | undefined): string | null => (id === undefined ? null : (tokens[id] ?? null));

  const ofPhi3 = kindName === 'llama' && Object.hasOwn(vocab, PHI3_TOKEN);
  const added = tokens.flatMap((content, id) => {
    // Some converters marked end tokens as ordinary added words; what ends a turn is a control token.
    const ends = id === eos || turnEnds.includes(id) || END_NAMES.has(content);
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
      pad_token: textOf(idOf('padding')),
      add_bos_token: fields.optionalFlag('tokenizer.ggml.add_bos_token') ?? kind.addsBos,
    },
    name,
    { turnEnds: turnEnds.filter((id) => id !== undefined), generationConfig },
  );
}

/** Where a GGUF file has its chat template. */
export const GGUF_TEMPLATE_FIELD = 'tokenizer.chat_template';

/** The chat template inside a GGUF file, null when it has none. */
export function templateFromGguf(metadata: ReadonlyMap<string, MetadataValue>, name = 'gguf'): string | null {
  return new TokenizerMetadata(metadata, name).optionalText(GGUF_TEMPLATE_FIELD);
}

type ReadKind = (
  fields: TokenizerMetadata,
  tokens: readonly string[],
  types: readonly number[],
  vocab: Record<string, number>,
) => Kind;

/** Byte-level BPE, GPT-2's way. */
const readGpt2: ReadKind = (fields, _tokens, _types, vocab) => {
  const pre = preTokenizerNamed(fields.text('tokenizer.ggml.pre'), fields.name);
  const merges = fields.texts('tokenizer.ggml.merges').map((merge, i): [string, string] => {
    const space = merge.indexOf(' ', 1); // neither part can be empty, or hold a space
    if (space > 0) return [merge.slice(0, space), merge.slice(space + 1)];
    throw new HoldfastError('E_TOKENIZER', `merge ${i} is not two parts`, {
      file: fields.name,
      field: 'tokenizer.ggml.merges',
    });
  });
  return {
    parts: {
      normalizer: pre.normalizer,
      pre_tokenizer: pre.preTokenizer,
      decoder: { type: 'ByteLevel' },
      model: { type: 'BPE', vocab, merges, ignore_merges: pre.ignoreMerges },
    },
    addsBos: pre.addsBos,
    defaultIds: {},
  };
};

/** SentencePiece BPE with bytes for what it has no piece for, as Llama 2 and Gemma use it. */
const readLlama: ReadKind = (fields, tokens, types, vocab) => {
  const scores = fields.numbers('tokenizer.ggml.scores', tokens.length);
  const pieces = new Map(
    tokens.flatMap((token, id) => (types[id] === NORMAL ? [[token, scores[id]!] as const] : [])),
  );
  const toSpaceMark = { type: 'Replace', pattern: { String: ' ' }, content: '\u2581' };
  const prefixed = fields.optionalFlag('tokenizer.ggml.add_space_prefix') ?? true;
  const strip = prefixed ? [{ type: 'Strip', content: ' ', start: 1, stop: 0 }] : [];
  const unkId = fields.optionalId('tokenizer.ggml.unknown_token_id', tokens.length) ?? types.indexOf(UNKNOWN);
  return {
    parts: {
      normalizer: prefixed
        ? { type: 'Sequence', normalizers: [{ type: 'Prepend', prepend: '\u2581' }, toSpaceMark] }
        : toSpaceMark,
      pre_tokenizer: null,
      decoder: {
        type: 'Sequence',
        decoders: [
          { type: 'Replace', pattern: { String: '\u2581' }, content: ' ' },
          { type: 'ByteFallback' },
          { type: 'Fuse' },
          ...strip,
        ],
      },
      model: {
        type: 'BPE',
        vocab,
        merges: mergesFromScores(pieces),
        unk_token: tokens[unkId] ?? null,
        fuse_unk: true,
        byte_fallback: true,
      },
    },
    addsBos: true,
    // What llama.cpp takes for this kind when the file names none.
    defaultIds: { bos: 1, eos: 2, unk: Math.max(unkId, 0) },
  };
};

const KINDS: ReadonlyMap<string, ReadKind> = new Map([
  ['gpt2', readGpt2],
  ['llama', readLlama],
]);

function vocabularyOf(tokens: readonly string[], name: string): Record<string, number> {
  const ids = new Map<string, number>();
  tokens.forEach((token, id) => {
    const earlier = ids.get(token);
    if (earlier !== undefined) {
      throw new HoldfastError(
        'E_TOKENIZER',
        `tokens ${earlier} and ${id} are the same: ${JSON.stringify(token)}`,
        {
          file: name,
          field: 'tokenizer.ggml.tokens',
        },
      );
    }
    ids.set(token, id);
  });
  return Object.fromEntries(ids);
}
