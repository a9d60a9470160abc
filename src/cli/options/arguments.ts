import { InvalidArgumentError } from 'commander';
import { z } from 'zod';
import { HoldfastError } from '../../errors.js';
import { type NamedText, parseJson } from './read-text.js';

/** Readers of option values, for commander: what they throw ends the command as a usage error. */

export function positiveInteger(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value === 0) {
    throw new InvalidArgumentError('It must be a whole number from 1.');
  }
  return value;
}

export function decimal(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('It must be a number.');
  return value;
}

/** `1,2,3`, also with spaces. */
export function integerList(text: string): number[] {
  const parts = text.split(/[\s,]+/).filter((part) => part !== '');
  const wrong = parts.find((part) => !/^\d+$/.test(part));
  if (wrong !== undefined) throw new InvalidArgumentError(`"${wrong}" is not a whole number from 0.`);
  if (parts.length === 0) throw new InvalidArgumentError('It is empty.');
  return parts.map(Number);
}

export function layerList(text: string): 'all' | number[] {
  return text === 'all' ? 'all' : integerList(text);
}

export function nameList(text: string): string[] {
  return text.split(',').map((name) => name.trim());
}

/** One more value of an option that may be given several times: for names that may hold commas themselves. */
export function oneMore(text: string, earlier: readonly string[] = []): string[] {
  return [...earlier, text];
}

/**
 * Token ids in a file: a JSON array, or numbers between spaces, line breaks or commas.
 * @throws HoldfastError `E_UNREADABLE`
 */
export function parseIdsFile(file: NamedText): number[] {
  const text = file.text.trim();
  if (text.startsWith('[')) {
    const parsed = z.array(z.int().min(0)).min(1).safeParse(parseJson(file));
    if (parsed.success) return parsed.data;
    const { path, message } = parsed.error.issues[0]!;
    throw new HoldfastError('E_UNREADABLE', `not a list of token ids: ${message}`, {
      file: file.name,
      ...(path.length === 0 ? {} : { field: path.join('.') }),
    });
  }
  try {
    return integerList(text);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new HoldfastError('E_UNREADABLE', `not a list of token ids: ${why}`, { file: file.name, cause });
  }
}

/**
 * Strengths in a JSON file: `[layers][heads]`. Their count and range are the model's and the policy's to judge.
 * @throws HoldfastError `E_UNREADABLE` when it is not JSON, `E_STRENGTH` naming layer and head of what is no number
 */
export function parseStrengthsFile(file: NamedText): number[][] {
  const parsed = z.array(z.array(z.number())).safeParse(parseJson(file));
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0]!;
  const place = ['layer', 'head'].flatMap((name, i) =>
    path[i] === undefined ? [] : [`${name} ${String(path[i])}`],
  );
  throw new HoldfastError('E_STRENGTH', `${[...place, message].join(', ')}`, {
    file: file.name,
    hint: 'Write an array of layers, each an array with a number for each head',
  });
}
