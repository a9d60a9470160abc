import { HoldfastError } from '../errors.js';
import { bytesOfByteLevelToken } from './byte-level.js';
import type { Component } from './tokenizer-json.js';

/** How a vocabulary writes its tokens, and whether decoding drops a leading space. */
export interface TokenWriting {
  /** `byte-level`: GPT-2's alphabet. `sentencepiece`: text with U+2581 for a space and `<0xE2>` for a single byte. */
  readonly kind: 'byte-level' | 'sentencepiece';
  /** Whether the decoder removes the one space that the encoder put before the text. */
  readonly stripsLeadingSpace: boolean;
}

/**
 * Reads the decoder of a `tokenizer.json`.
 * @throws HoldfastError `E_TOKENIZER` for a decoder that is neither byte-level nor SentencePiece's
 */
export function tokenWriting(decoder: Component | null, name: string): TokenWriting {
  const parts = decoder?.type === 'Sequence' ? (decoder.decoders as Component[]) : decoder ? [decoder] : [];
  const types = parts.map((part) => part.type);
  if (types.length === 1 && types[0] === 'ByteLevel')
    return { kind: 'byte-level', stripsLeadingSpace: false };
  if (types.length === 1 && types[0] === 'Metaspace') {
    const scheme = parts[0]!.prepend_scheme ?? (parts[0]!.add_prefix_space === false ? 'never' : 'always');
    return { kind: 'sentencepiece', stripsLeadingSpace: scheme !== 'never' };
  }
  if (
    types.length > 0 &&
    types.every((type) => ['Replace', 'ByteFallback', 'Fuse', 'Strip'].includes(type))
  ) {
    return { kind: 'sentencepiece', stripsLeadingSpace: types.includes('Strip') };
  }
  throw new HoldfastError('E_TOKENIZER', `unsupported decoder: ${types.join(' + ') || 'none'}`, {
    file: name,
    field: 'decoder',
  });
}

const utf8 = new TextEncoder();

/** Returns the byte that a SentencePiece byte token such as `<0x0A>` stands for, or null for any other token. */
export function byteOfByteToken(token: string): number | null {
  return /^<0x[0-9A-F]{2}>$/.test(token) ? Number.parseInt(token.slice(3, 5), 16) : null;
}

/** Returns the bytes that a token of the vocabulary (not an added one) stands for. */
export function bytesOfToken(token: string, { kind }: TokenWriting): Uint8Array {
  if (kind === 'byte-level') return bytesOfByteLevelToken(token) ?? utf8.encode(token);
  const byte = byteOfByteToken(token);
  return byte === null ? utf8.encode(token.replaceAll('\u2581', ' ')) : Uint8Array.of(byte);
}

/**
 * Returns the length of a text in the bytes that its tokens stand for. That is its length in UTF-8, except that
 * U+2581 counts as one byte for SentencePiece, whose vocabulary does not distinguish it from a space.
 */
export function writtenLength(text: string, { kind }: TokenWriting): number {
  return utf8.encode(kind === 'byte-level' ? text : text.replaceAll('\u2581', ' ')).length;
}
