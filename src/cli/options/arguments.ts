import { InvalidArgumentError } from 'commander';
import { z } from 'zod';
import { POLICIES_WITH_STRENGTH, strengthText } from '../../attention/index.js';
import { HoldfastError, messageOf } from '../../errors.js';
import { MOMENT_FORMS, type Moment, parseMoment } from '../../text/index.js';
import { type NamedText, parseJson } from './read-text.js';

/** For the help: what a strength is, policy by policy. */
export const STRENGTHS_HELP = POLICIES_WITH_STRENGTH.map(
  (policy) => `${policy}'s ${strengthText(policy)}`,
).join('; ');

// The functions below parse option values for commander, which turns what they throw into a usage error.

/** Parses a whole number from 1. */
export function positiveInteger(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value === 0) {
    throw new InvalidArgumentError('It must be a whole number from 1.');
  }
  return value;
}

/** Parses a finite number. */
export function decimal(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('It must be a number.');
  return value;
}

/** Parses a date, or a date and time. */
export function dateTime(text: string): Moment {
  try {
    return parseMoment(text);
  } catch {
    throw new InvalidArgumentError(`It must be a date, or a date and time: ${MOMENT_FORMS}.`);
  }
}

/** For the help of `--now`. */
export const NOW_HELP =
  'the date and time that the chat template writes if it writes one: 2026-01-31, 2026-01-31T09:00 or 2026-01-31T09:00+02:00';

/** Parses whole numbers from 0, separated by commas or white space: `1,2,3`. */
export function integerList(text: string): number[] {
  const parts = text.split(/[\s,]+/).filter((part) => part !== '');
  const wrong = parts.find((part) => !/^\d+$/.test(part));
  if (wrong !== undefined) throw new InvalidArgumentError(`"${wrong}" is not a whole number from 0.`);
  if (parts.length === 0) throw new InvalidArgumentError('It is empty.');
  return parts.map(Number);
}

/** Parses `all`, or layers as {@link integerList} does. */
export function layerList(text: string): 'all' | number[] {
  return text === 'all' ? 'all' : integerList(text);
}

/** Parses names separated by commas. */
export function nameList(text: string): string[] {
  return text.split(',').map((name) => name.trim());
}

/** Collects the values of a repeatable option, for names that may contain commas. */
export function oneMore(text: string, earlier: readonly string[] = []): string[] {
  return [...earlier, text];
}

/**
 * Parses a file of token ids: a JSON array, or numbers separated by commas or white space.
 * @throws HoldfastError `E_UNREADABLE` when it is neither
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
    const reason = messageOf(cause);
    throw new HoldfastError('E_UNREADABLE', `not a list of token ids: ${reason}`, { file: file.name, cause });
  }
}

/**
 * Parses a JSON file of strengths, `[layers][heads]`. Their count and range are checked later, against the model and
 * the policy.
 * @throws HoldfastError `E_UNREADABLE` when it is not JSON; `E_STRENGTH` with layer and head when a value is not a number
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
    hint: 'Write an array with one entry per layer, each an array with one number per head',
  });
}
