import { z } from 'zod';

const RELATIONS = ['less than', 'at least'] as const;
const relation = z.enum(RELATIONS);
const count = z.number().int().min(1).max(100_000);

/** The published checkers search for a keyword as a regular expression, so only a keyword without operators means itself. */
const keyword = z
  .string()
  .max(400)
  .refine((word) => word.trim() !== '' && !/[\\^$.|?*+()[\]{}]/.test(word), {
    message: 'a keyword must not be blank or have one of the characters \\^$.|?*+()[]{}',
  });
const keywords = z.array(keyword).min(1).max(60);

const instruction = <Name extends string, Fields extends z.ZodRawShape>(name: Name, fields: Fields) =>
  z.strictObject({ rule: z.literal('ifeval'), instruction: z.literal(name), ...fields });

/**
 * An instruction of IFEval (Zhou et al. 2023, arXiv 2311.07911) under its published name, with its published arguments.
 * Passes: the answer follows the instruction as IFEval's own checker decides in its strict mode. The checkers compare raw
 * text, not its normal form. The one exception is common to all rules: an answer without a letter, digit or symbol
 * scores 0.
 *
 * The instructions that are missing depend on other software, so this program cannot decide them in the same way: the
 * language detector langdetect (`language:response_language`, `change_case:english_capital`,
 * `change_case:english_lowercase`) and NLTK's tokenizers (`length_constraints:number_sentences`,
 * `change_case:capital_word_frequency`).
 */
export const ifevalSchema = z.discriminatedUnion('instruction', [
  /** Contains every keyword, in either case, also inside words. */
  instruction('keywords:existence', { keywords }),
  /** Contains the keyword at least, or less than, `frequency` times, in either case, also inside words. */
  instruction('keywords:frequency', { keyword, frequency: count, relation }),
  /** Contains none of the words as whole words, in either case. */
  instruction('keywords:forbidden_words', { forbidden_words: keywords }),
  /** Contains the letter at least, or less than, `let_frequency` times, in either case. */
  instruction('keywords:letter_frequency', {
    letter: z.string().regex(/^[a-z]$/i, 'a letter is one of a to z'),
    let_frequency: count,
    let_relation: relation,
  }),
  /** Has at least, or less than, `num_words` words: runs of letters, digits and underscores. */
  instruction('length_constraints:number_words', { num_words: count, relation }),
  /** Has exactly this many paragraphs, divided by `***`. */
  instruction('length_constraints:number_paragraphs', { num_paragraphs: count }),
  /** Has exactly this many paragraphs, divided by blank lines, and the nth begins with the word, in either case. */
  instruction('length_constraints:nth_paragraph_first_word', {
    num_paragraphs: count,
    nth_paragraph: count,
    first_word: z.string().min(1).max(400),
  }).refine(({ nth_paragraph, num_paragraphs }) => nth_paragraph <= num_paragraphs, {
    message: 'nth_paragraph is at most num_paragraphs',
    path: ['nth_paragraph'],
  }),
  /** Has at least this many placeholders in square brackets. */
  instruction('detectable_content:number_placeholders', { num_placeholders: count }),
  /** Contains the marker of a postscript, in either case, with or without spaces between its letters. */
  instruction('detectable_content:postscript', { postscript_marker: z.enum(['P.S.', 'P.P.S']) }),
  /** Has exactly this many lines that start with `*` or `-`. */
  instruction('detectable_format:number_bullet_lists', { num_bullets: count }),
  /** Contains "My answer is yes.", "My answer is no." or "My answer is maybe." */
  instruction('detectable_format:constrained_response', {}),
  /** Has at least this many passages between asterisks; one between two asterisks counts twice. */
  instruction('detectable_format:number_highlighted_sections', { num_highlights: count }),
  /** Has at least this many places where the word stands before a number. */
  instruction('detectable_format:multiple_sections', { section_spliter: keyword, num_sections: count }),
  /** Is JSON, with or without a code fence. */
  instruction('detectable_format:json_format', {}),
  /** Has a title in double angle brackets. */
  instruction('detectable_format:title', {}),
  /** Is two different texts, divided by six asterisks. */
  instruction('combination:two_responses', {}),
  /** Ends with the phrase, in either case; white space and double quotes after it are ignored. */
  instruction('startend:end_checker', { end_phrase: z.string().min(1).max(1000) }),
  /** Begins and ends with a double quote. */
  instruction('startend:quotation', {}),
  /** Has no comma. */
  instruction('punctuation:no_comma', {}),
]);

export type IfevalRule = z.infer<typeof ifevalSchema>;
export type IfevalName = IfevalRule['instruction'];
export type Relation = (typeof RELATIONS)[number];

/** The instructions that the rule has. */
export const IFEVAL_NAMES: readonly string[] = ifevalSchema.options.map(
  ({ shape }) => shape.instruction.value,
);
