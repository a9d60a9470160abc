import { TemplateError } from './errors.js';

/** The longest string that a template may build, in UTF-16 units. */
const MAX_TEXT = 1 << 24;

/** The most steps of one rendering. */
const MAX_STEPS = 2_000_000;

/** The most tags, expressions or values inside each other. Python's compiler stops at about as many. */
const MAX_NESTING = 200;

/** The most decimal digits of an int that Python reads or prints. Other bases have no limit. */
export const MAX_DIGITS = 4300;

/** The steps of the rendering that is running. A rendering is synchronous, so there is only one at a time. */
let steps = 0;
/** The tags, expressions or values that are being worked on inside each other. */
let nesting = 0;

/** Begins a rendering, or the compilation of a template. Call it before the values of a rendering are built: building them counts. */
export function resetLimits(): void {
  steps = 0;
  nesting = 0;
}

/**
 * Counts steps of a rendering: statements, operations, rounds of loops, calls of macros, items that are read, comparisons,
 * and parts of strings. Every step takes about as long as any other, so that the limit is one of time too.
 * @throws TemplateError if the template runs away
 */
export function countSteps(count: number): void {
  steps += count;
  // NaN would never be more than the limit.
  if (!(steps <= MAX_STEPS)) throw new TemplateError('limit', `it takes more than ${MAX_STEPS} steps`);
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
const CHARACTERS_A_STEP = 64;

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

/** Checks the length of a string before it is built. */
export function boundedLength(length: number): number {
  if (length > MAX_TEXT) {
    const what = `it builds a string of ${length} characters; the limit is ${MAX_TEXT}`;
    throw new TemplateError('limit', what);
  }
  return length;
}
