/** A sentence of a prompt, and the prompt without it. */
export interface LeftOut {
  readonly sentence: string;
  /** The prompt without the sentence. */
  readonly rest: string;
}

/**
 * Returns every sentence of a prompt with the prompt that is left without it, to measure the influence of the sentence: that
 * of the whole prompt beside the rest. Sentences end where Unicode's rules (UAX 29) end them, and at line breaks.
 * @returns one item if the prompt is one sentence; its rest is empty
 */
export function sentencesLeftOut(prompt: string): LeftOut[] {
  const segments = new Intl.Segmenter('en', { granularity: 'sentence' }).segment(prompt);
  return [...segments]
    .filter(({ segment }) => segment.trim() !== '')
    .map(({ segment, index }) => ({
      sentence: segment.trim(),
      rest: `${prompt.slice(0, index)}${prompt.slice(index + segment.length)}`.trim(),
    }));
}
