import { HoldfastError } from '../errors.js';
import type { MetadataValue } from '../formats/index.js';

/** Reads the tokenizer fields of a GGUF header with their types; errors name a missing or mistyped field. */
export class TokenizerMetadata {
  constructor(
    private readonly metadata: ReadonlyMap<string, MetadataValue>,
    readonly name: string,
  ) {}

  /** @throws HoldfastError `E_TOKENIZER` if the field is missing or not a string */
  text(key: string): string {
    return this.optionalText(key) ?? this.missing(key);
  }

  optionalText(key: string): string | null {
    const value = this.metadata.get(key);
    if (value === undefined) return null;
    return typeof value === 'string' ? value : this.wrong(key, 'a string');
  }

  optionalFlag(key: string): boolean | null {
    const value = this.metadata.get(key);
    if (value === undefined) return null;
    return typeof value === 'boolean' ? value : this.wrong(key, 'true or false');
  }

  /**
   * Reads the id of a token.
   * @param onBad called if the field is there and is not an id of the vocabulary, with what is wrong; returns the id to
   * use instead
   * @returns null if the field is missing
   */
  optionalId(key: string, vocabSize: number, onBad: (what: string) => number | null): number | null {
    const value = this.metadata.get(key);
    if (value === undefined) return null;
    if (isIdBelow(value, vocabSize)) return value;
    const shown =
      typeof value === 'object' ? 'a list' : typeof value === 'string' ? JSON.stringify(value) : value;
    return onBad(`${key} is ${shown}, but the vocabulary has ${vocabSize} tokens`);
  }

  /** @throws HoldfastError `E_TOKENIZER` if the field is missing or not a list of strings */
  texts(key: string): readonly string[] {
    const value = this.metadata.get(key) ?? this.missing(key);
    const isTexts = Array.isArray(value) && value.every((item) => typeof item === 'string');
    return isTexts ? (value as readonly string[]) : this.wrong(key, 'a list of strings');
  }

  /** @throws HoldfastError `E_TOKENIZER` if the field is missing or not a list of `length` numbers */
  numbers(key: string, length: number): readonly number[] {
    const value = this.metadata.get(key) ?? this.missing(key);
    if (typeof value !== 'object') return this.wrong(key, `a list of ${length} numbers`);
    if (value.length !== length) {
      const what = `${key} has ${value.length} numbers, but the vocabulary has ${length} tokens`;
      throw new HoldfastError('E_TOKENIZER', what, { file: this.name, field: key });
    }
    const numbers = Array.from(value as ArrayLike<MetadataValue>, Number);
    return numbers.every((number) => !Number.isNaN(number)) ? numbers : this.wrong(key, 'a list of numbers');
  }

  /** Returns the roles for which the file names a token, e.g. `eos` for `tokenizer.ggml.eos_token_id`. */
  roles(): string[] {
    return [...this.metadata.keys()].flatMap(
      (key) => /^tokenizer\.ggml\.(\w+)_token_id$/.exec(key)?.[1] ?? [],
    );
  }

  has(key: string): boolean {
    return this.metadata.has(key);
  }

  private missing(key: string): never {
    throw new HoldfastError('E_TOKENIZER', `the file has no ${key}`, { file: this.name, field: key });
  }

  private wrong(key: string, expected: string): never {
    throw new HoldfastError('E_TOKENIZER', `${key} is not ${expected}`, { file: this.name, field: key });
  }
}

const isIdBelow = (value: MetadataValue, vocabSize: number): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < vocabSize;
