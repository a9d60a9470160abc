import { Tokenizer as LibraryTokenizer } from '@huggingface/tokenizers';
import { HoldfastError } from '../errors.js';
import type { AddedToken, CharRange } from './added-tokens.js';
import { byteOfByteToken, bytesOfToken, tokenWriting } from './decoder.js';
import type { EncodedText } from './encoded-text.js';
import { createEncoder } from './encoder.js';
import { endOfTurnIds } from './end-of-turn.js';
import { libraryPreTokenizer } from './library-parity.js';
import {
  addedTokensOf,
  type Component,
  checkTokenizerConfig,
  checkTokenizerJson,
  generationEnds,
  specialTokenText,
  type TokenizerConfig,
  type TokenizerJson,
} from './tokenizer-json.js';

/** A special token with a role of its own. */
export interface NamedToken {
  readonly id: number;
  readonly text: string;
}

/** Text to token ids and back, exactly as the model was trained. */
export interface Tokenizer {
  /** How errors name it: usually the file. */
  readonly name: string;
  /** One more than the highest id. */
  readonly vocabSize: number;
  readonly bos: NamedToken | null;
  readonly eos: NamedToken | null;
  readonly unk: NamedToken | null;
  readonly pad: NamedToken | null;
  /** Whether the model was trained on texts that begin with the BOS. Templates write it themselves. */
  readonly addsBos: boolean;
  /**
   * Ids that end an answer: the end of text, what generation_config.json names, and the family's end-of-turn tokens
   * where the vocabulary has them.
   */
  readonly endOfTurnIds: readonly number[];
  readonly addedTokens: readonly AddedToken[];
  /**
   * The ids of a text. Never adds a BOS or any other token that the text does not hold.
   * @param options.special recognise control tokens written in the text; by default they are ordinary words
   */
  encode(text: string, options?: { special?: boolean }): number[];
  /**
   * The ids of a text of which some ranges are somebody's words, and where in the text the tokens lie.
   * Tokens in `guarded` are not recognised where they would take a character of a range in `plain`.
   */
  encodeParts(
    text: string,
    parts: { readonly plain: readonly CharRange[]; readonly guarded: ReadonlySet<number> },
  ): EncodedText;
  /**
   * The text of ids: their bytes, one after the other, read as UTF-8; what is not UTF-8 becomes U+FFFD. No
   * clean-up of spaces.
   * @throws HoldfastError `E_TOKEN_RANGE` for an id that no token has
   */
  decode(ids: readonly number[], options?: { skipSpecial?: boolean }): string;
  /** Whether `decode` takes one space from the front, because the encoder puts one there (SentencePiece). */
  readonly stripsLeadingSpace: boolean;
  /**
   * The bytes a token stands for; a token may be a part of a character.
   * @throws HoldfastError `E_TOKEN_RANGE` for an id that no token has
   */
  tokenBytes(id: number): Uint8Array;
  /** Whether the token controls the model instead of standing for text. A byte token is text. */
  isSpecial(id: number): boolean;
}

/**
 * A tokenizer from a parsed `tokenizer.json` and `tokenizer_config.json` (null when there is none).
 * @param name how errors name it
 * @param generationConfig a parsed `generation_config.json`, null when there is none: it may name more tokens that
 * end an answer
 * @throws HoldfastError `E_TOKENIZER` naming file and field
 */
export function tokenizerFromJson(
  tokenizerJson: unknown,
  tokenizerConfig: unknown = null,
  name = 'tokenizer.json',
  generationConfig: unknown = null,
): Tokenizer {
  const json = checkTokenizerJson(tokenizerJson, name);
  const config = checkTokenizerConfig(tokenizerConfig, name);
  return createTokenizer(json, config, name, { generationConfig });
}

/** What is known of the tokens that end an answer, besides their usual names. */
interface KnownEnds {
  /** Ids of the vocabulary. */
  readonly turnEnds?: readonly number[];
  /** A parsed `generation_config.json`, null when there is none. */
  readonly generationConfig: unknown;
}

/**
 * A tokenizer from files that were checked.
 * @throws HoldfastError `E_TOKENIZER` naming the field
 */
export function createTokenizer(
  json: TokenizerJson,
  config: TokenizerConfig,
  name: string,
  { turnEnds = [], generationConfig }: KnownEnds,
): Tokenizer {
  const writing = tokenWriting(json.decoder ?? null, name);
  const addedTokens = addedTokensOf(json);
  const library = loadLibrary(json, name);

  const tokens: (string | undefined)[] = [];
  for (const [token, id] of Object.entries(json.model.vocab)) tokens[id] = token;
  for (const token of addedTokens) tokens[token.id] = token.content;
  const idOf = (token: string): number | undefined => library.token_to_id(token);

  const addedById = new Map(addedTokens.map((token) => [token.id, token]));
  // Some files list the byte tokens of SentencePiece among the special ones; skipping those would lose text.
  const isByteToken = (token: string): boolean =>
    writing.kind === 'sentencepiece' && byteOfByteToken(token) !== null;
  const special = new Set(
    addedTokens.filter((token) => token.special && !isByteToken(token.content)).map(({ id }) => id),
  );
  const controls = new Set(addedTokens.filter((token) => token.special).map(({ id }) => id));

  const named = (text: string | null | undefined): NamedToken | null => {
    const id = text == null ? undefined : idOf(text);
    return text == null || id === undefined ? null : { id, text };
  };
  const unk = named(specialTokenText(config.unk_token) ?? json.model.unk_token);
  const bos = named(specialTokenText(config.bos_token));
  const eos = named(specialTokenText(config.eos_token));
  const encodeParts = createEncoder(library, { addedTokens, writing, special, unkId: unk?.id ?? null, name });

  const bytesById: (Uint8Array | undefined)[] = [];
  const utf8 = new TextEncoder();
  const tokenBytes = (id: number): Uint8Array => {
    const known = bytesById[id];
    if (known !== undefined) return known;
    const token = tokens[id];
    if (token === undefined) {
      throw new HoldfastError(
        'E_TOKEN_RANGE',
        `no token has the id ${id}; ids are 0 to ${tokens.length - 1}`,
        {
          file: name,
        },
      );
    }
    const bytes =
      addedById.has(id) && !isByteToken(token) ? utf8.encode(token) : bytesOfToken(token, writing);
    bytesById[id] = bytes;
    return bytes;
  };

  const configuredEnds = generationEnds(generationConfig, name);
  const unknown = configuredEnds.find((id) => tokens[id] === undefined);
  if (unknown !== undefined) {
    throw new HoldfastError(
      'E_TOKENIZER',
      `generation_config.json ends answers at token ${unknown}, and no token has this id`,
      { file: name, field: 'eos_token_id', hint: 'Check that it was published with this tokenizer' },
    );
  }
  const knownEnds = [...(eos === null ? [] : [eos.id]), ...turnEnds, ...configuredEnds];

  const { stripsLeadingSpace } = writing;
  return {
    name,
    vocabSize: tokens.length,
    bos,
    eos,
    unk,
    pad: named(specialTokenText(config.pad_token)),
    addsBos: bos !== null && (config.add_bos_token ?? beginsWith(json.post_processor, bos.text)),
    endOfTurnIds: endOfTurnIds(addedTokens, knownEnds),
    addedTokens,
    encode(text, options = {}) {
      const plain = options.special === true ? [] : [{ start: 0, end: text.length }];
      return encodeParts(text, { plain, guarded: controls }).ids;
    },
    encodeParts,
    decode(ids, options = {}) {
      const kept = options.skipSpecial === true ? ids.filter((id) => !special.has(id)) : ids;
      const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(concatenate(kept.map(tokenBytes)));
      return stripsLeadingSpace && text.startsWith(' ') ? text.slice(1) : text;
    },
    stripsLeadingSpace,
    tokenBytes,
    isSpecial: (id) => special.has(id),
  };
}

/** The library's tokenizer, of which the normaliser, the pre-tokeniser and the merging are used. */
function loadLibrary(json: TokenizerJson, name: string): LibraryTokenizer {
  try {
    return new LibraryTokenizer(
      {
        ...json,
        added_tokens: json.added_tokens ?? [],
        normalizer: json.normalizer ?? null,
        pre_tokenizer: json.pre_tokenizer == null ? null : libraryPreTokenizer(json.pre_tokenizer, name),
        post_processor: null,
        decoder: null,
      },
      {},
    );
  } catch (cause) {
    if (cause instanceof HoldfastError) throw cause;
    const what = cause instanceof Error ? cause.message : String(cause);
    throw new HoldfastError('E_TOKENIZER', `the tokenizer cannot be used: ${what}`, { file: name, cause });
  }
}

/** Whether a post-processor writes this token first. */
function beginsWith(postProcessor: Component | null | undefined, token: string): boolean {
  if (postProcessor?.type === 'Sequence') {
    return (postProcessor.processors as Component[]).some((part) => beginsWith(part, token));
  }
  if (postProcessor?.type !== 'TemplateProcessing') return false;
  const [first] = postProcessor.single as { SpecialToken?: { id: string } }[];
  return first?.SpecialToken?.id === token;
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
