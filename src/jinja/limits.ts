import { TemplateError } from './errors.js';

/** The longest string that a template may build, in UTF-16 units. */
const MAX_TEXT = 1 << 24;

/** The most steps of one rendering. */
const MAX_STEPS = 10_000_000;

/** The steps of the rendering that is running. A rendering is synchronous, so there is only one at a time. */
let steps = 0;

/** Begins a rendering. */
export function resetSteps(): void {
  steps = 0;
}

/**
 * Counts steps of a rendering: rounds of loops, calls of macros, items that are read, comparisons, and parts of strings.
 * @throws TemplateError if the template runs away
 */
export function countSteps(count: number): void {
  steps += count;
  if (steps > MAX_STEPS) throw new TemplateError('limit', `it takes more than ${MAX_STEPS} steps`);
}

/** The characters of a string that are written or read in one step. */
const CHARACTERS_A_STEP = 64;

/** Counts the steps of writing or reading a string. @param length in UTF-16 units */
export function countCharacters(length: number): void {
  countSteps(Math.floor(length / CHARACTERS_A_STEP));
}

/** Checks the length of a string before it is built. */
export function boundedLength(length: number): number {
  if (length > MAX_TEXT) {
    const what = `it builds a string of ${length} characters; the limit is ${MAX_TEXT}`;
    throw new TemplateError('limit', what);
  }
  return length;
}
