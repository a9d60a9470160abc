import { TemplateError, unsupported } from './errors.js';

/** The longest string that a template may build, in UTF-16 units. */
const MAX_TEXT = 1 << 24;

/** The most steps of one rendering, and how many more for each character of what it renders: some templates look at each. */
const MAX_STEPS = 2_000_000;
const MORE_A_CHARACTER = 32;

/** The most tags, expressions or values inside each other. Python's compiler stops at about as many. */
const MAX_NESTING = 200;

/** The most decimal digits of an int that Python reads or prints. Other bases have no limit. */
export const MAX_DIGITS = 4300;

/** The steps of the rendering that is running. A rendering is synchronous, so there is only one at a time. */
let steps = 0;
/** How many it may take. */
let mostSteps = MAX_STEPS;
/** The tags, expressions or values that are being worked on inside each other. */
let nesting = 0;

/**
 * Begins a rendering, or the compilation of a template. Call it before the values of a rendering are built: building them counts.
 * @param characters of what is rendered
 */
export function resetLimits(characters = 0): void {
  steps = 0;
  mostSteps = MAX_STEPS + MORE_A_CHARACTER * characters;
  nesting = 0;
}

/**
 * Counts steps of a rendering: statements, operations, rounds of loops, calls of macros, items that are read, comparisons,
 * and parts of strings. Every step takes about as long as any other, and at most about 40 bytes, so that
 * the limit is one of time and of memory too.
 * @throws TemplateError if the template runs away
 */
export function countSteps(count: number): void {
  steps += count;
  // NaN would never be more than the limit.
  if (!(steps <= mostSteps)) throw new TemplateError('limit', `it takes more than ${mostSteps} steps`);
}

/** The memory of a value that is an object, or of an entry of a dict, is that of about this many other steps. */
const STEPS_OF_AN_OBJECT = 4;

/** Counts the steps of building a value that is an object, such as a string or a list, besides what it is made of. */
export function countObject(): void {
  countSteps(STEPS_OF_AN_OBJECT);
}

/** Works on something inside something else. @throws TemplateError if too many are inside each other */
export function inside<T>(work: () => T): T {
  if (nesting >= MAX_NESTING) {
    throw new TemplateError(
      'limit',
      `it has more than ${MAX_NESTING} tags, expressions or values inside each other`,
    );
  }
  nesting++;
  const result = work();
  nesting--;
  return result;
}

/** The characters of a string that are written or read in one step. */
const CHARACTERS_A_STEP = 16;

/** Counts the steps of writing or reading a string. @param length in UTF-16 units */
export function countCharacters(length: number): void {
  countSteps(Math.floor(length / CHARACTERS_A_STEP));
}

/**
 * Counts the steps of a search in a string, which at worst compares each character with all that are sought.
 * @param length in UTF-16 units
 * @param sought the length of what is sought
 */
export function countSearch(length: number, sought: number): void {
  countCharacters(length * Math.max(1, sought));
}

/** An operation on ints of more than 64 bits takes as long as about this many others. */
const STEPS_OF_LONG_INTS = 256;

/** Counts the steps of an operation on ints. */
export function countInts(...ints: readonly bigint[]): void {
  if (ints.some((int) => BigInt.asIntN(64, int) !== int)) countSteps(STEPS_OF_LONG_INTS);
}

/** The largest int, in bits: Python refuses to print longer ones. */
export const MAX_BITS = 14_000;

/** Counts the steps of building an int. @returns it, if it is not too long */
export function boundedInt(int: bigint): bigint {
  countInts(int);
  if (BigInt.asIntN(MAX_BITS, int) !== int) unsupported(`an integer of more than ${MAX_BITS} bits`);
  return int;
}

/** Checks the length of a string before it is built. */
export function boundedLength(length: number): number {
  if (length > MAX_TEXT) {
    const what = `it builds a string of ${length} characters; the limit is ${MAX_TEXT}`;
    throw new TemplateError('limit', what);
  }
  return length;
}
