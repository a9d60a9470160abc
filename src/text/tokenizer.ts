import { Tokenizer as LibraryTokenizer } from '@huggingface/tokenizers';
import { HoldfastError } from '../errors.js';
import type { AddedToken, CharRange } from './added-tokens.js';
import { byteOfByteToken, bytesOfToken, tokenWriting } from './decoder.js';
import type { EncodedText } from './encoded-text.js';
import { createEncoder } from './encoder.js';
import { endOfTurnIds } from './end-of-turn.js';
import { libraryPreTokenizer } from './library-parity.js';
import { familyToken } from './special-tokens.js';
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

/** A special token with a named role, such as BOS. */
export interface NamedToken {
  readonly id: number;
  readonly text: string;
}

/** Converts text to token ids and back, exactly as in the model's training. */
export interface Tokenizer {
  /** The name that errors use, usually the file's. */
  readonly name: string;
  /** What the user should know about the files, with their name: something is odd, but does no harm. */
  readonly notes: readonly string[];
  /** One more than the highest id. */
  readonly vocabSize: number;
  readonly bos: NamedToken | null;
  readonly eos: NamedToken | null;
  readonly unk: NamedToken | null;
  readonly pad: NamedToken | null;
  /** Whether the model was trained on texts that begin with a BOS. Templates write it themselves. */
  readonly addsBos: boolean;
  /**
   * Ids that end an answer, ascending: the EOS, those in generation_config.json, and the usual end-of-turn tokens that
   * the vocabulary has.
   */
  readonly endOfTurnIds: readonly number[];
  readonly addedTokens: readonly AddedToken[];
  /**
   * Returns the ids of a text. Never adds a BOS or any other token that is not in the text.
   * @param options.special recognise control tokens written in the text; by default they are ordinary words
   */
  encode(text: string, options?: { special?: boolean }): number[];
  /**
   * Returns the ids of a text and their positions. A token in `guarded` is never recognised where it would overlap a
   * range in `plain`: such ranges hold the words of messages.
   */
  encodeParts(
    text: string,
    parts: { readonly plain: readonly CharRange[]; readonly guarded: ReadonlySet<number> },
  ): EncodedText;
  /**
   * Returns the text of ids: their bytes, decoded as UTF-8; invalid bytes become U+FFFD. Does not clean up spaces.
   * @throws HoldfastError `E_TOKEN_RANGE` for an id outside the vocabulary
   */
  decode(ids: readonly number[], options?: { skipSpecial?: boolean }): string;
  /** Whether `decode` removes one leading space, because the encoder adds one (SentencePiece). */
  readonly stripsLeadingSpace: boolean;
  /**
   * Returns the bytes that a token stands for, possibly only part of a character.
   * @throws HoldfastError `E_TOKEN_RANGE` for an id outside the vocabulary
   */
  tokenBytes(id: number): Uint8Array;
  /** Whether a token controls the model instead of standing for text. Byte tokens stand for text. */
  isSpecial(id: number): boolean;
}

/**
 * Creates a tokenizer from a parsed `tokenizer.json` and `tokenizer_config.json` (null if there is none).
 * @param name how errors name the tokenizer
 * @param generationConfig a parsed `generation_config.json`, which may name more tokens that end an answer; null if
 * there is none
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

/** Sources of ids that end an answer, besides the tokens' usual names. */
interface KnownEnds {
  /** Ids that the vocabulary marks as ends of a turn. */
  readonly turnEnds?: readonly number[];
  /** What is odd about the files so far. */
  readonly notes?: readonly string[];
  /** A parsed `generation_config.json`; null if there is none. */
  readonly generationConfig: unknown;
}

/**
 * Creates a tokenizer from checked files.
 * @throws HoldfastError `E_TOKENIZER` naming the field
 */
export function createTokenizer(
  json: TokenizerJson,
  config: TokenizerConfig,
  name: string,
  { turnEnds = [], generationConfig, notes: known = [] }: KnownEnds,
): Tokenizer {
  const writing = tokenWriting(json.decoder ?? null, name);
  const addedTokens = addedTokensOf(json);
  const library = loadLibrary(json, name);

  const tokens: (string | undefined)[] = [];
  for (const [token, id] of Object.entries(json.model.vocab)) tokens[id] = token;
  for (const token of addedTokens) tokens[token.id] = token.content;
  const idOf = (token: string): number | undefined => library.token_to_id(token);

  const addedById = new Map(addedTokens.map((token) => [token.id, token]));
  // Some files list SentencePiece's byte tokens as special. Skipping them in `decode` would lose text.
  const isByteToken = (token: string): boolean =>
    writing.kind === 'sentencepiece' && byteOfByteToken(token) !== null;
  const special = new Set(
    addedTokens.filter((token) => token.special && !isByteToken(token.content)).map(({ id }) => id),
  );
  const controls = new Set(addedTokens.filter((token) => token.special).map(({ id }) => id));

  const notes = [...known];
  const specials = new Set(addedTokens.filter((token) => token.special).map(({ content }) => content));
  const named = (text: string | null, onMissing: (text: string) => NamedToken | null): NamedToken | null => {
    if (text === null || text === '') return null;
    const id = idOf(text);
    return id === undefined ? onMissing(text) : { id, text };
  };
  const needed = (role: 'bos' | 'eos'): NamedToken | null =>
    named(specialTokenText(config[`${role}_token`]), (missing) => {
      const field = `${role}_token`;
      const what = `tokenizer_config.json names the ${field} ${JSON.stringify(missing)}, which the vocabulary lacks`;
      const text = familyToken({ role, what, file: name, field }, specials, notes);
      return { id: idOf(text)!, text };
    });
  const unneeded = (role: 'unk' | 'pad'): NamedToken | null => {
    const field = `${role}_token` as const;
    const ignored = (what: string): null => {
      notes.push(`${name}: tokenizer_config.json names ${what} as its ${field}; it is ignored`);
      return null;
    };
    const stated = config[field];
    const text = specialTokenText(stated);
    if (text === null && stated != null) return ignored('something that is not a token');
    return named(text, (missing) => ignored(`${JSON.stringify(missing)}, which the vocabulary lacks,`));
  };
  const unk = unneeded('unk') ?? named(json.model.unk_token ?? null, () => null);
  const bos = needed('bos');
  const eos = needed('eos');
  const encodeParts = createEncoder(library, { addedTokens, writing, special, unkId: unk?.id ?? null, name });

  const bytesById: (Uint8Array | undefined)[] = [];
  const utf8 = new TextEncoder();
  const tokenBytes = (id: number): Uint8Array => {
    const known = bytesById[id];
    if (known !== undefined) return known;
    const token = tokens[id];
    if (token === undefined) {
      throw new HoldfastError('E_TOKEN_RANGE', `no token has id ${id}: ids are 0 to ${tokens.length - 1}`, {
        file: name,
      });
    }
    const bytes =
      addedById.has(id) && !isByteToken(token) ? utf8.encode(token) : bytesOfToken(token, writing);
    bytesById[id] = bytes;
    return bytes;
  };

  const configuredEnds = generationEnds(generationConfig, name);
  const isId = (end: unknown): end is number => typeof end === 'number' && tokens[end] !== undefined;
  const knownEnds = [...(eos === null ? [] : [eos.id]), ...turnEnds, ...configuredEnds.filter(isId)];
  const ends = endOfTurnIds(addedTokens, knownEnds);
  for (const id of configuredEnds.filter((end) => !isId(end))) {
    const what = `generation_config.json ends an answer at ${JSON.stringify(id)}, which is not the id of a token`;
    if (ends.length === 0) {
      throw new HoldfastError('E_TOKENIZER', `${what}: the ids are 0 to ${tokens.length - 1}`, {
        file: name,
        field: 'eos_token_id',
        hint: 'Check that the file was published with this tokenizer',
      });
    }
    notes.push(`${name}: ${what}; it is ignored`);
  }

  const { stripsLeadingSpace } = writing;
  return {
    name,
    notes,
    vocabSize: tokens.length,
    bos,
    eos,
    unk,
    pad: unneeded('pad'),
    addsBos: bos !== null && (config.add_bos_token ?? beginsWith(json.post_processor, bos.text)),
    endOfTurnIds: ends,
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

/** Loads the library's tokenizer. Only its normaliser, pre-tokenizer and merging are used. */
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
    throw new HoldfastError('E_TOKENIZER', `the library cannot load the tokenizer: ${what}`, {
      file: name,
      cause,
    });
  }
}

/** Whether a post-processor puts this token first. */
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
