import { bytesOfByteLevelToken } from './byte-level.js';
import { type Decoder as Component, prependScheme } from './components.js';
import { type CheckLength, growthBy } from './growth.js';
import { compilePattern, replaceMatches } from './patterns.js';

/** Turns the tokens of a vocabulary into text. */
export interface Decoder {
  /**
   * Begins a text.
   * @param atStart whether its first token begins a text; if not, a space that decoding removes there stays
   */
  start(atStart: boolean): DecoderStream;
  /** Returns the bytes that a token stands for in the middle of a text. */
  bytesOf(token: string): Uint8Array;
}

/** The decoding of one text, token by token. */
export interface DecoderStream {
  /** Takes a token. Returns the text that is certain now, whatever follows. */
  push(token: string): string;
  /** Returns the text that was held back. */
  finish(): string;
}

/** A component at work on one text. It takes and returns tokens, or parts of one token once they are fused. */
interface Stage {
  push(token: string): readonly string[];
  finish(): readonly string[];
}

/** @param check of what a stage makes of a token, or of all tokens */
type Start = (atStart: boolean, check: CheckLength) => Stage;

const utf8 = new TextEncoder();

/** Returns the byte that a SentencePiece byte token such as `<0x0A>` stands for, or null for any other token. */
export function byteOfByteToken(token: string): number | null {
  return /^<0x[0-9A-Fa-f]{2}>$/.test(token) ? Number.parseInt(token.slice(3, 5), 16) : null;
}

/**
 * Creates the decoder that a component of a `tokenizer.json` stands for; without one, tokens are joined by spaces.
 * All tokens pass through it, added ones too. Text and streams are decoded by the same stages, so that both agree. It throws
 * `E_TOKENIZER` where tokens would become a far longer text.
 */
export function createDecoder(component: Component | null, file: string): Decoder {
  const checkOf = growthBy('decoder', file);
  const components = component === null ? [] : flatten(component);
  const starts: Start[] = component === null ? [joinBySpaces] : [];
  let fused = false;
  for (const part of components) {
    starts.push(fused ? onFused(part) : onTokens(part));
    fused ||= part.type === 'Fuse' || part.type === 'ByteLevel';
  }
  const start = (atStart: boolean): DecoderStream => {
    let taken = 0;
    const check: CheckLength = (length) => checkOf(taken)(length);
    const stages = starts.map((begin) => begin(atStart, check));
    /** Lengths of all that each stage has returned. */
    const given = stages.map(() => 0);
    const pass = (token: string | null): string => {
      taken += token?.length ?? 0;
      let parts = token === null ? [] : [token];
      for (const [index, stage] of stages.entries()) {
        parts = parts.flatMap((part) => stage.push(part));
        if (token === null) parts = [...parts, ...stage.finish()];
        for (const { length } of parts) given[index]! += length;
        check(given[index]!);
      }
      return parts.join('');
    };
    return { push: pass, finish: () => pass(null) };
  };
  const types = new Set(components.map(({ type }) => type));
  return {
    start,
    bytesOf(token) {
      if (types.has('ByteLevel')) return bytesOfByteLevelToken(token) ?? utf8.encode(token);
      const byte = types.has('ByteFallback') ? byteOfByteToken(token) : null;
      if (byte !== null) return Uint8Array.of(byte);
      const stream = start(false);
      return utf8.encode(stream.push(token) + stream.finish());
    },
  };
}

function flatten(component: Component): Exclude<Component, { type: 'Sequence' }>[] {
  return component.type === 'Sequence' ? component.decoders.flatMap(flatten) : [component];
}

type Single = ReturnType<typeof flatten>[number];

/** A stage that maps every token by itself. */
const mapping =
  (map: (token: string, isFirst: boolean, check: CheckLength) => string): Start =>
  (atStart, check) => {
    let isFirst = atStart;
    return {
      push(token) {
        const mapped = map(token, isFirst, check);
        isFirst = false;
        return [mapped];
      },
      finish: () => [],
    };
  };

const joinBySpaces = mapping((token, isFirst) => (isFirst ? token : ` ${token}`));

/** Starts a component that takes whole tokens. */
function onTokens(component: Single): Start {
  switch (component.type) {
    case 'ByteLevel':
      return byteLevel;
    case 'ByteFallback':
      return byteFallback;
    case 'Fuse':
      return mapping((token) => token);
    case 'Replace': {
      const pattern = compilePattern(component.pattern);
      return mapping((token, _, check) => replaceMatches(token, pattern, component.content, check));
    }
    case 'Strip':
      return mapping((token) => {
        const { content, start, stop } = component;
        const characters = [...token];
        const from = leadingLength(characters, content, start);
        const kept = characters.slice(from);
        return kept.slice(0, kept.length - leadingLength(kept.toReversed(), content, stop)).join('');
      });
    case 'Metaspace': {
      const drops = prependScheme(component) !== 'never';
      return mapping((token, isFirst) =>
        token.replaceAll(component.replacement, isFirst && drops ? '' : ' '),
      );
    }
    case 'WordPiece': {
      const { prefix, cleanup } = component;
      return mapping((token, isFirst) => {
        const continues = token.startsWith(prefix);
        const spaced = isFirst ? token : continues ? token.slice(prefix.length) : ` ${token}`;
        return cleanup ? withoutSpaces(spaced) : spaced;
      });
    }
    case 'BPEDecoder':
      return endOfWords(component.suffix);
    case 'CTC': {
      const { pad_token, word_delimiter_token, cleanup } = component;
      return unrepeated((token) => {
        const text = token.replaceAll(pad_token, '');
        return cleanup ? withoutSpaces(text).replaceAll(word_delimiter_token, ' ') : text;
      });
    }
  }
}

/** Starts a component behind one that fuses all tokens into one. It works on parts where it can, else on the whole. */
function onFused(component: Single): Start {
  if (component.type === 'Fuse') return onTokens(component);
  if (component.type === 'Strip') return stripEnds(component);
  if (
    component.type === 'Replace' &&
    'String' in component.pattern &&
    component.pattern.String.length === 1
  ) {
    return onTokens(component);
  }
  const begin = onTokens(component);
  return (atStart, check) => {
    const stage = begin(atStart, check);
    let whole = '';
    return {
      push(part) {
        whole += part;
        return [];
      },
      finish: () => [...stage.push(whole), ...stage.finish()],
    };
  };
}

/** GPT-2's alphabet: a token with another character stands for its own bytes. Invalid UTF-8 becomes U+FFFD. */
const byteLevel: Start = () => {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  return {
    push: (token) => [decoder.decode(bytesOfByteLevelToken(token) ?? utf8.encode(token), { stream: true })],
    finish: () => [decoder.decode()],
  };
};

/**
 * Byte tokens: a run of them is one text if it is valid UTF-8 as a whole, else one U+FFFD for each byte. So a run is
 * held back until it ends.
 */
const byteFallback: Start = () => {
  const strict = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true });
  let run: number[] = [];
  const flush = (): readonly string[] => {
    const bytes = run;
    if (bytes.length === 0) return [];
    run = [];
    try {
      return [strict.decode(Uint8Array.from(bytes))];
    } catch {
      return bytes.map(() => '\ufffd');
    }
  };
  return {
    push(token) {
      const byte = byteOfByteToken(token);
      if (byte === null) return [...flush(), token];
      run.push(byte);
      return [];
    },
    finish: flush,
  };
};

/** `Strip` on fused tokens: drops characters where the text begins and ends. */
function stripEnds({ content, start, stop }: Extract<Single, { type: 'Strip' }>): Start {
  return (atStart) => {
    let left = atStart ? start : 0;
    let held: readonly string[] = []; // what may turn out to be the end
    return {
      push(part) {
        const characters = [...part];
        const dropped = leadingLength(characters, content, left);
        left = dropped < characters.length ? 0 : left - dropped;
        const text = [...held, ...characters.slice(dropped)];
        const ends = leadingLength(text.toReversed(), content, stop);
        held = text.slice(text.length - ends);
        return [text.slice(0, text.length - ends).join('')];
      },
      finish: () => [],
    };
  };
}

/** Returns how many characters at the beginning are this one, at most `most`. */
function leadingLength(characters: readonly string[], character: string, most: number): number {
  const other = characters.slice(0, most).findIndex((found) => found !== character);
  return other < 0 ? Math.min(most, characters.length) : other;
}

/** `BPEDecoder`: the suffix ends a word; the last token's has no space after it, so one token is held back. */
function endOfWords(suffix: string): Start {
  return () => {
    let held: string | null = null;
    const flush = (space: string): readonly string[] =>
      held === null ? [] : [held.replaceAll(suffix, space)];
    return {
      push(token) {
        const before = flush(' ');
        held = token;
        return before;
      },
      finish: () => flush(''),
    };
  };
}

/** `CTC`: a token that repeats the one before it has no text. */
function unrepeated(map: (token: string) => string): Start {
  return () => {
    let last: string | null = null;
    return {
      push(token) {
        if (token === last) return [];
        last = token;
        const mapped = map(token);
        return mapped === '' ? [] : [mapped];
      },
      finish: () => [],
    };
  };
}

const CLEANED: readonly (readonly [string, string])[] = [
  [' .', '.'],
  [' ?', '?'],
  [' !', '!'],
  [' ,', ','],
  [" ' ", "'"],
  [" n't", "n't"],
  [" 'm", "'m"],
  [' do not', " don't"],
  [" 's", "'s"],
  [" 've", "'ve"],
  [" 're", "'re"],
];

/** The `cleanup` of `WordPiece` and `CTC`. */
const withoutSpaces = (text: string): string =>
  CLEANED.reduce((cleaned, [spaced, tight]) => cleaned.replaceAll(spaced, tight), text);
