import { HoldfastError } from '../errors.js';
import type { Checkpoint } from '../formats/index.js';

/** Typed reading of the keys of one GGUF architecture; every reader gives null for an absent key. */
export interface GgufMetadata {
  /** An error about a key, with the key's full name. */
  readonly error: (
    code: 'E_CONFIG' | 'E_UNSUPPORTED',
    key: string,
    what: string,
    hint?: string,
  ) => HoldfastError;
  /** The value as it stands, integers as numbers; undefined for an absent key. */
  readonly raw: (key: string) => unknown;
  readonly text: (key: string) => string | null;
  readonly float: (key: string) => number | null;
  /** A positive integer, or a list that says the same one of every layer. */
  readonly count: (key: string) => number | null;
  /** Like `float` and `count`, but an absent key is an error. */
  readonly demandFloat: (key: string) => number;
  readonly demandCount: (key: string) => number;
}

/**
 * @param architecture what stands before every key
 * @throws HoldfastError `E_CONFIG` (from the readers) for a value of the wrong kind
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

/** What a list says of every layer, where that is one thing (Granite 4's dense sizes); any other value as it is. */
export function oneForAll(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const all = new Set(value as Iterable<unknown>);
  return all.size === 1 ? [...all][0] : value;
}

/**
 * The shortest decimal that is stored as the same f32: GGUF keeps 1e-5 as 9.999999747378752e-6, and the number
 * meant is the one its writer had. Numbers that are no f32 are left alone.
 */
export function shortestDecimal(value: number): number {
  if (Math.fround(value) !== value) return value;
  // Nine digits tell any two f32 apart.
  for (let digits = 1; digits < 9; digits += 1) {
    const candidate = Number(value.toPrecision(digits));
    if (Math.fround(candidate) === value) return candidate;
  }
  return value;
}
