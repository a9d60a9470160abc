import { HoldfastError } from '../errors.js';
import type { Checkpoint } from '../formats/index.js';

/** Typed readers of a GGUF's keys. Unless noted otherwise, a reader returns null for an absent key. */
export interface GgufMetadata {
  /** Returns an error about a key, with the key's full name. */
  readonly error: (
    code: 'E_CONFIG' | 'E_UNSUPPORTED',
    key: string,
    what: string,
    hint?: string,
  ) => HoldfastError;
  /** Reads a value as stored, with bigints as numbers; undefined for an absent key. */
  readonly raw: (key: string) => unknown;
  readonly text: (key: string) => string | null;
  readonly float: (key: string) => number | null;
  /** Reads a positive integer, or a list that states the same one for every layer. */
  readonly count: (key: string) => number | null;
  /** Like `float` and `count`, but an absent key is `E_CONFIG`. */
  readonly demandFloat: (key: string) => number;
  readonly demandCount: (key: string) => number;
}

/**
 * Returns readers of a GGUF's metadata. They throw `E_CONFIG` for a value of the wrong type.
 * @param architecture prefix of every key
 */
export function ggufMetadata(checkpoint: Checkpoint, architecture: string): GgufMetadata {
  const error: GgufMetadata['error'] = (code, key, what, hint) =>
    new HoldfastError(code, what, {
      file: checkpoint.name,
      field: `${architecture}.${key}`,
      ...(hint === undefined ? {} : { hint }),
    });
  const fail = (key: string, what: string): never => {
    throw error('E_CONFIG', key, what);
  };
  const raw = (key: string): unknown => {
    const value = checkpoint.metadata.get(`${architecture}.${key}`);
    return typeof value === 'bigint' ? Number(value) : value;
  };
  const float = (key: string): number | null => {
    const value = raw(key);
    if (value === undefined) return null;
    if (typeof value === 'number' && Number.isFinite(value)) return shortestDecimal(value);
    return fail(key, 'expected a finite number');
  };
  const count = (key: string): number | null => {
    const value = oneForAll(raw(key));
    if (value === undefined) return null;
    if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return value;
    return fail(key, 'expected a positive integer');
  };
  return {
    error,
    raw,
    float,
    count,
    text: (key) => {
      const value = raw(key);
      if (value === undefined) return null;
      return typeof value === 'string' ? value : fail(key, 'expected a string');
    },
    demandFloat: (key) => float(key) ?? fail(key, 'the key is missing'),
    demandCount: (key) => count(key) ?? fail(key, 'the key is missing'),
  };
}

/** Replaces a list of equal values by that value (Granite 4's dense sizes). Returns any other value unchanged. */
export function oneForAll(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const all = new Set(value as Iterable<unknown>);
  return all.size === 1 ? [...all][0] : value;
}

/**
 * Returns the shortest decimal with the same f32 value. GGUF stores 1e-5 as the f32 9.999999747378752e-6; this restores
 * 1e-5. Returns a number that is not an f32 unchanged.
 */
export function shortestDecimal(value: number): number {
  if (Math.fround(value) !== value) return value;
  // Nine digits distinguish all f32 values.
  for (let digits = 1; digits < 9; digits += 1) {
    const candidate = Number(value.toPrecision(digits));
    if (Math.fround(candidate) === value) return candidate;
  }
  return value;
}
