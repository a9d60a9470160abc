import { HoldfastError } from '../errors.js';
import type { AddedToken, CharRange } from './added-tokens.js';
import type { PostProcessor } from './components.js';
import { byteOfByteToken, createDecoder, type Decoder } from './decoders.js';
import type { EncodedText } from './encoded-text.js';
import { createEncoder } from './encoder.js';
import { endOfTurnIds } from './end-of-turn.js';
import { createNormalizer } from './normalizers.js';
import { familyToken } from './special-tokens.js';
import { createStreamDecoder, type DecodeOptions } from './stream.js';
import {
  addedTokensOf,
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
   * @throws HoldfastError `E_USAGE` for a text with half of a surrogate pair; `E_TOKENIZER` if it would become far longer
   */
  encode(text: string, options?: { special?: boolean }): number[];
  /**
   * Returns the ids of a text and their positions. A token in `guarded` is never recognised where it would overlap a
   * range in `plain`: such ranges, ascending and disjoint, hold the words of messages.
   * @throws HoldfastError `E_USAGE` for a text with half of a surrogate pair; `E_TOKENIZER` if it would become far longer
   */
  encodeParts(
    text: string,
    parts: { readonly plain: readonly CharRange[]; readonly guarded: ReadonlySet<number> },
  ): EncodedText;
  /**
   * Returns the text of ids, as the tokenizer's decoder writes it; invalid UTF-8 becomes U+FFFD. Does not clean up
   * spaces: transformers 5 does not either for a BPE tokenizer, whatever `clean_up_tokenization_spaces` says.
   * @throws HoldfastError `E_TOKEN_RANGE` for an id outside the vocabulary, unless `skipSpecial` leaves it out; `E_TOKENIZER` if
   * tokens would become a far longer text
   */
  decode(ids: readonly number[], options?: DecodeOptions): string;
  /** How tokens are turned into text. */
  readonly decoder: Decoder;
  /**
   * Returns a token as the decoder takes it: the vocabulary's, or an added token's text, normalised if it is matched so.
   * @throws HoldfastError `E_TOKEN_RANGE` for an id outside the vocabulary
   */
  token(id: number): string;
  /**
   * Returns the bytes that a token stands for, possibly only part of a character.
   * @throws HoldfastError `E_TOKEN_RANGE` for an id outside the vocabulary; `E_TOKENIZER` if it would become a far longer text
   */
  tokenBytes(id: number): Uint8Array;
  /**
   * Whether an id stands for no text: that of a token that controls the model, or one that no token has, because a model
   * may have more rows than its vocabulary tokens. Byte tokens stand for text.
   */
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

/** What depends on the kind of file that a tokenizer comes from. */
interface Origin {
  /** Turns tokens into text; if absent, the component in `json` does. */
  readonly decoder?: Decoder;
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
  {
    turnEnds = [],
    generationConfig,
    notes: known = [],
    decoder = createDecoder(json.decoder ?? null, name),
  }: Origin,
): Tokenizer {
  const addedTokens = addedTokensOf(json, name);
  const { vocab } = json.model;

  const tokens: (string | undefined)[] = [];
  for (const [token, id] of vocab) tokens[id] = token;
  const normalize = createNormalizer(json.normalizer ?? null, name);
  for (const { id, content, normalized } of addedTokens)
    tokens[id] = normalized ? normalize(content) : content;
  const addedIds = new Map(addedTokens.map((token) => [token.content, token.id]));
  const idOf = (token: string): number | undefined => addedIds.get(token) ?? vocab.get(token);

  // Some files list SentencePiece's byte tokens as special. Skipping them in `decode` would lose text.
  const controls = new Set(addedTokens.filter((token) => token.special).map(({ id }) => id));
  const special = new Set([...controls].filter((id) => !isByteToken(tokens[id]!, decoder)));

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
  const forbidden = new Set([...special].filter((id) => id !== unk?.id));
  const encodeParts = createEncoder(json, { normalize, addedTokens, forbidden, name });

  const tokenOf = (id: number): string => {
    const token = tokens[id];
    if (token !== undefined) return token;
    throw new HoldfastError('E_TOKEN_RANGE', `no token has id ${id}: ids are 0 to ${tokens.length - 1}`, {
      file: name,
    });
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

  const tokenizer: Tokenizer = {
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
      const stream = createStreamDecoder(tokenizer, options);
      let text = '';
      for (const id of ids) text += stream.push(id);
      return text + stream.finish();
    },
    decoder,
    token: tokenOf,
    tokenBytes: (id) => decoder.bytesOf(tokenOf(id)),
    isSpecial: (id) => special.has(id) || tokens[id] === undefined,
  };
  return tokenizer;
}

const isByteToken = (token: string, decoder: Decoder): boolean =>
  byteOfByteToken(token) !== null && decoder.bytesOf(token).length === 1;

/** Whether a post-processor puts this token first. */
function beginsWith(postProcessor: PostProcessor | null | undefined, token: string): boolean {
  switch (postProcessor?.type) {
    case 'Sequence':
      return postProcessor.processors.some((part) => beginsWith(part, token));
    case 'TemplateProcessing': {
      const [first] = postProcessor.single;
      return first !== undefined && 'SpecialToken' in first && first.SpecialToken.id === token;
    }
    case 'BertProcessing':
    case 'RobertaProcessing':
      return postProcessor.cls[0] === token;
    default:
      return false;
  }
}
