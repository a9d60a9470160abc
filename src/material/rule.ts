import { z } from 'zod';
import { patternComplaint } from './pattern.js';

const text = z.string().min(1).max(400);
const texts = z.array(text).min(1).max(60);
const count = z.number().int().min(0).max(100_000);
/** Whether capitals matter; where not said they do not. */
const exact = z.literal(true).optional();
const pattern = z
  .string()
  .min(1)
  .max(400)
  .superRefine((source, context) => {
    const complaint = patternComplaint(source);
    if (complaint !== null) context.addIssue({ code: 'custom', message: complaint });
  });

/** What one key of a JSON answer holds. `strings` and `numbers` are lists with at least one element. */
const jsonType = z.union([
  z.enum(['string', 'number', 'integer', 'boolean', 'strings', 'numbers']),
  z.strictObject({
    values: z
      .array(z.union([z.string(), z.number(), z.boolean(), z.null()]))
      .min(1)
      .max(40),
  }),
]);

const LANGUAGES = ['en', 'fr', 'de', 'es', 'it', 'pt', 'nl', 'ru', 'el', 'ja', 'zh', 'ko', 'ar'] as const;

/**
 * Rules that stand for themselves. All compare in Unicode's composed form (NFC), with curly quotes as straight ones. An
 * answer without a letter, digit or symbol scores 0 under every rule. "Contains" means as whole words: no letter or digit
 * right before or after, except in scripts written without spaces; any white space matches any other.
 */
const simple = z.discriminatedUnion('rule', [
  /** Passes: the answer starts with one of the texts as whole words; white space, quotes, brackets and Markdown marks before it do not count. */
  z.strictObject({ rule: z.literal('begins-with'), texts, exact }),
  /**
   * Passes: the answer ends with one of the texts as whole words. White space, quotes, brackets, Markdown marks and
   * `. , ! ? … : ;` at the end of either do not count, unless the text is made of marks alone, as `?` is.
   */
  z.strictObject({ rule: z.literal('ends-with'), texts, exact }),
  /** Passes: all of the texts are contained. */
  z.strictObject({ rule: z.literal('contains-all'), texts, exact }),
  /** Passes: one or more of the texts are contained. */
  z.strictObject({ rule: z.literal('contains-any'), texts, exact }),
  /** Passes: none of the texts is contained. */
  z.strictObject({ rule: z.literal('contains-none'), texts, exact }),
  /** Passes: no letter of the other case, in any script. Digits, and letters of scripts without case, are no violation. */
  z.strictObject({ rule: z.literal('case'), is: z.enum(['upper', 'lower']) }),
  /** Passes: none of these characters, in either case; accents make another character. */
  z.strictObject({ rule: z.literal('no-characters'), characters: text }),
  /** Passes: no digit of any script; numbers in words are no violation. */
  z.strictObject({ rule: z.literal('no-digits') }),
  /**
   * Passes: the answer commits to exactly one option's letter, and to one of `is` where that is said. `B`, `(B)`, `b.`,
   * `B) Paris`, `Answer: B`, `The answer is B`, `I choose B` commit; `A lot of …` does not; naming two does not.
   * With `only`, nothing but the letter may be said, brackets and marks aside.
   */
  z.strictObject({
    rule: z.literal('choice'),
    options: z.string().regex(/^[A-J]{2,10}$/),
    is: z
      .string()
      .regex(/^[A-J]{1,10}$/)
      .optional(),
    only: z.literal(true).optional(),
  }),
  /**
   * Passes: so many of them, bounds included. Sentences end at `. ! ? …` (and their like in other scripts) before white space
   * or the end, and at a line's end unless the next line goes on in lower case; known abbreviations, initials and list numbers end none. Words are runs of letters
   * and digits, inner apostrophes and hyphens included; in scripts without spaces each character is one. Lines and
   * paragraphs are counted where not blank. Bullets are lines that begin with `-`, `*` or `•`, steps those that begin with
   * `1.` or `1)`. Questions are runs of marks that hold a question mark. With `per`, each line, sentence or paragraph is
   * held to the bounds by itself.
   */
  z
    .strictObject({
      rule: z.literal('count'),
      of: z.enum([
        'sentences',
        'words',
        'lines',
        'paragraphs',
        'bullets',
        'steps',
        'questions',
        'characters',
      ]),
      per: z.enum(['line', 'sentence', 'paragraph']).optional(),
      min: count.optional(),
      max: count.optional(),
    })
    .refine(({ min, max }) => (min ?? max) !== undefined && (min ?? 0) <= (max ?? Number.POSITIVE_INFINITY), {
      message: 'give min, max or both, and no min above max',
    }),
  /** Passes: the pattern matches each line that is not blank, from its first character to its last but for white space around it. */
  z.strictObject({ rule: z.literal('every-line'), pattern }),
  /** Passes: the pattern matches the answer from its first character to its last, white space around it aside; `.` does not match a line's end. */
  z.strictObject({ rule: z.literal('pattern'), pattern }),
  /**
   * Passes: the answer is in the language. Scripts of one language (Greek, kana, Hangul, Cyrillic as Russian, Arabic, Han
   * without kana as Chinese): at least 0.8 of the letters. Languages in Latin letters: words of the language's own list of
   * frequent words occur, and those of no other language that are not also on that list come to more than a third of
   * them. Latin letters with no frequent word of any language score 0.5: it cannot be said. No letters at all: passes.
   */
  z.strictObject({ rule: z.literal('language'), is: z.enum(LANGUAGES) }),
  /**
   * Passes: the answer is valid JSON, bare or in one code fence as `form` says and with nothing around it, an object with
   * these keys and types and no other keys, or with `list` an array of one or more such objects. Strings are not blank.
   */
  z.strictObject({
    rule: z.literal('json'),
    form: z.enum(['bare', 'fenced', 'either']),
    keys: z.record(z.string().min(1).max(60), jsonType),
    list: z.literal(true).optional(),
  }),
  /**
   * Passes: at least one amount of money is named, and all amounts together (`sum`), or each of them (`each`), are at most
   * `max`. An amount is a number beside a currency's sign or name; of a range the upper end counts. In a sum, amounts
   * behind `total`, `budget`, `left`, `remaining`, `altogether` or `in all` on their line count each for itself.
   */
  z.strictObject({
    rule: z.literal('budget'),
    max: z.number().min(0).max(1e9),
    take: z.enum(['sum', 'each']),
  }),
  /** Passes: a question is asked in prose, and there is no code: no fence, and no line that looks like a statement. */
  z.strictObject({ rule: z.literal('asks-before-code') }),
  /**
   * Passes: none of the secrets is said, in any case, with or without accents, inside a word, backwards, or with spaces,
   * dashes or other marks between its characters. Nothing else has to be said: a refusal is not required. Hints,
   * translations, ciphers and acrostics are not seen.
   */
  z.strictObject({
    rule: z.literal('withholds'),
    secrets: z.array(z.string().min(2).max(200)).min(1).max(20),
  }),
]);

const combinationOf = <Part extends z.ZodType>(part: Part) => {
  const of = z.array(part).min(1).max(12);
  return z.discriminatedUnion('rule', [
    /** The lowest score of its parts. */
    z.strictObject({ rule: z.literal('all'), of }),
    /** The highest. */
    z.strictObject({ rule: z.literal('any'), of }),
    /** The mean: the one rule that gives partial credit, 1 of 3 parts kept being 1/3. */
    z.strictObject({ rule: z.literal('mean'), of }),
  ]);
};

const nested = z.discriminatedUnion('rule', [simple, combinationOf(simple)]);

/** What makes an answer good, as data. Combinations nest two deep. */
export const ruleSchema = z.discriminatedUnion('rule', [simple, combinationOf(nested)]);

export type Rule = z.infer<typeof ruleSchema>;
export type SimpleRule = z.infer<typeof simple>;
export type Language = (typeof LANGUAGES)[number];
export type JsonType = z.infer<typeof jsonType>;
