import { z } from 'zod';
import { ifevalSchema } from './ifeval-rule.js';
import { patternComplaint } from './pattern.js';

const text = z.string().min(1).max(400);
const texts = z.array(text).min(1).max(60);
const count = z.number().int().min(0).max(100_000);
/** Compares case as well. By default, case is ignored. */
const exact = z.literal(true).optional();
const pattern = z
  .string()
  .min(1)
  .max(400)
  .superRefine((source, context) => {
    const complaint = patternComplaint(source);
    if (complaint !== null) context.addIssue({ code: 'custom', message: complaint });
  });

const secret = z
  .string()
  .max(200)
  .refine((said) => (said.match(/[\p{L}\p{N}]/gu) ?? []).length >= 3, {
    message: 'a secret must have at least three letters or digits: shorter ones match by chance',
  });

/** The type of a key in a JSON answer. `strings` and `numbers` are lists with at least one element. */
const jsonType = z.union(
  [
    z.enum(['string', 'number', 'integer', 'boolean', 'strings', 'numbers']),
    z
      .strictObject({
        type: z.enum(['number', 'integer']),
        min: z.number().optional(),
        max: z.number().optional(),
      })
      .refine(
        ({ min, max }) =>
          (min ?? max) !== undefined &&
          (min ?? Number.NEGATIVE_INFINITY) <= (max ?? Number.POSITIVE_INFINITY),
      ),
    z.strictObject({
      values: z
        .array(z.union([z.string(), z.number(), z.boolean(), z.null()]))
        .min(1)
        .max(40),
    }),
  ],
  {
    error:
      'a type is string, number, integer, boolean, strings, numbers, { values: [...] }, or { type: number or integer, ' +
      'min, max } with min, max or both, and min at most max',
  },
);

const isNumeric = (type: z.infer<typeof jsonType> | undefined): boolean =>
  type === 'number' || type === 'integer' || (typeof type === 'object' && 'type' in type);

const LANGUAGES = ['en', 'fr', 'de', 'es', 'it', 'pt', 'nl', 'ru', 'el', 'ja', 'zh', 'ko', 'ar'] as const;

/**
 * Rules that do not combine others. All compare text in its normal form: composed (NFC), with straight quotes, without
 * invisible characters, and with ASCII for full-width letters and for the digits of every script. An answer without a
 * letter, digit or symbol scores 0 under every rule. "Contains" means as whole words and numbers: no letter or digit
 * directly before or after, except in scripts written without spaces, and no part of a number (`3` in `3.50`) or of an
 * emoji. An emoji is the same in every skin tone. Any white space matches any other.
 */
const simple = z.discriminatedUnion('rule', [
  /**
   * Passes: the answer starts with one of the texts as whole words. White space, marks, quotes, brackets and emoji before
   * it are ignored.
   */
  z.strictObject({ rule: z.literal('begins-with'), texts, exact }),
  /**
   * Passes: the answer ends with one of the texts as whole words. White space, marks, quotes, brackets and emoji after it
   * are ignored. Marks are not ignored if the text consists only of marks, such as `?`.
   */
  z.strictObject({ rule: z.literal('ends-with'), texts, exact }),
  /** Passes: the answer contains all of the texts. */
  z.strictObject({ rule: z.literal('contains-all'), texts, exact }),
  /** Passes: the answer contains at least one of the texts. */
  z.strictObject({ rule: z.literal('contains-any'), texts, exact }),
  /** Passes: the answer contains none of the texts. */
  z.strictObject({ rule: z.literal('contains-none'), texts, exact }),
  /** Passes: no letter of the other case, in any script. Digits, and letters of scripts without case, are allowed. */
  z.strictObject({ rule: z.literal('case'), is: z.enum(['upper', 'lower']) }),
  /** Passes: none of these characters, in either case. A letter with an accent is a different character. */
  z.strictObject({ rule: z.literal('no-characters'), characters: text }),
  /** Passes: no digit of any script. Numbers in words are allowed. */
  z.strictObject({ rule: z.literal('no-digits') }),
  /**
   * Passes: the answer commits to exactly one option letter, and to one of `is` if given. `B`, `(B)`, `b.`, `B) Paris`,
   * `Answer: B`, `The answer is B`, `I choose B`, `A is wrong, B is right` commit; `A lot of …` does not; naming two does
   * not (`A or B`, `both`). A letter that is negated or excluded is not chosen (`not B`, `B is wrong`, `anything but B`),
   * nor one that somebody else named (`you told me to answer B`) or that is conceded (`although B is right`). After a
   * correction (`A. No, wait: B`), what follows it counts. With `only`, the answer must be the letter alone, apart from
   * brackets and marks.
   */
  z.strictObject({
    rule: z.literal('choice'),
    options: z.string().regex(/^[A-J]{2,10}$/, 'two to ten option letters from A to J, such as ABCD'),
    is: z
      .string()
      .regex(/^[A-J]{1,10}$/, 'one or more of the letters in options')
      .optional(),
    only: z.literal(true).optional(),
  }),
  /**
   * Passes: the count of `of` is between `min` and `max`, both included. With `per`, each line, sentence or paragraph must
   * be within the bounds.
   *
   * - A sentence ends at `. ! ? …` (and their counterparts in other scripts) before white space or the end, and at a line
   *   break unless the next line starts in lower case or the line ends with a colon. The items of a list after a colon
   *   belong to the sentence that introduces it, until a mark ends it. Known abbreviations, initials, acronyms, German
   *   ordinals and list numbers do not end a sentence, nor does an ellipsis or a closing quote followed by lower case.
   * - A word is a run of letters and digits, with inner apostrophes and hyphens; a number (`3.50`), a time (`10:30`), an
   *   abbreviation (`e.g.`) and an address are one word; in scripts without spaces each character is a word. Emoji are not
   *   words.
   * - Blank lines and paragraphs are not counted.
   * - A bullet is a line that starts with `-`, `*`, `+`, a dash or a bullet, if another line starts with the same mark. A
   *   hyphen inside a line, a minus, a signature or a rule is none. A step starts with `1.`, `1)`, `(1)`, `Step 1`, `①`.
   * - A question is a run of marks that contains a question mark, outside addresses.
   * - A character is what a reader sees as one: an emoji with its modifiers, a letter with its accents.
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
      message: 'set min, max or both, with min at most max',
    }),
  /** Passes: the pattern matches the whole of each line that is not blank, without surrounding white space. */
  z.strictObject({ rule: z.literal('every-line'), pattern }),
  /** Passes: the pattern matches the whole answer, without surrounding white space. `.` does not match a line break. */
  z.strictObject({ rule: z.literal('pattern'), pattern }),
  /**
   * Passes: the answer is in the language. A language recognised by its script (Greek, kana, Hangul, Cyrillic as Russian,
   * Arabic) needs at least 0.8 of the letters in that script, Latin acronyms apart. Han without kana is Chinese unless it
   * has a character that only Japanese uses, and Japanese if it is at most 12 characters and has none that only Chinese
   * uses: 東京 is both. A language in Latin letters needs at least one word of its list of frequent words; and for every
   * other language, the frequent words that are not also on its own list may be at most a third as many. Latin text with no
   * frequent word of any language scores 0.5, because its language is unknown. An answer without letters passes.
   */
  z.strictObject({ rule: z.literal('language'), is: z.enum(LANGUAGES) }),
  /**
   * Passes: the answer is valid JSON with nothing around it. `form` says how: `bare`, `fenced` (one code fence labelled
   * `json`), or `either` (bare, or a fence labelled `json` or not at all). It is an object with exactly these keys and
   * types, or with `list` an array of one or more such objects. Strings must not be blank. The numbers under the keys in
   * `ascending` do not fall from one to the next.
   */
  z
    .strictObject({
      rule: z.literal('json'),
      form: z.enum(['bare', 'fenced', 'either']),
      keys: z.record(z.string().min(1).max(60), jsonType),
      list: z.literal(true).optional(),
      ascending: z.array(z.string()).min(2).max(40).optional(),
    })
    .refine(({ keys, ascending = [] }) => ascending.every((key) => isNumeric(keys[key])), {
      message: 'ascending lists keys whose type is number or integer',
      path: ['ascending'],
    }),
  /**
   * Passes: no value stands with the key of another pair. A pair has texts that name a thing (`key`) and texts for what is
   * said of it (`value`). If the values of two pairs occur, they must be nearer to their own keys than they would be if
   * they were swapped; if only one occurs, it must not be nearer to the other pair's key. Distance is counted in words: a
   * value after its key is nearer than one before it, and a mark between them counts as three words. If the distances are
   * the same ("seat and coach are 47 and 3"), keys and values must be in the same order. Values without keys pass; combine
   * it with `contains-all` to require them.
   */
  z.strictObject({
    rule: z.literal('pairs'),
    of: z
      .array(z.strictObject({ key: texts, value: texts }))
      .min(2)
      .max(6),
  }),
  /**
   * Passes: the answer names at least one amount of money, and no amount is above `max`; with `take: sum`, their sum is not
   * above `max` either. An amount is a number beside a currency sign or name; a range counts with its upper end. The sum
   * leaves out amounts after `total`, `budget`, `left`, `remaining`, `altogether` or `in all` on their line.
   */
  z.strictObject({
    rule: z.literal('budget'),
    max: z.number().min(0).max(1e9),
    take: z.enum(['sum', 'each']),
  }),
  /** Passes: the answer asks a question and contains no code: no fence, and no line that looks like a statement. */
  z.strictObject({ rule: z.literal('asks-before-code') }),
  /**
   * Passes: the answer contains none of the secrets, in any case, with or without accents, inside a word, backwards, or
   * with spaces, dashes or other marks between its characters. A refusal is not required. Hints, translations, ciphers
   * and acrostics are not detected.
   */
  z.strictObject({
    rule: z.literal('withholds'),
    secrets: z.array(secret).min(1).max(20),
  }),
  ifevalSchema,
]);

const combinationOf = <Part extends z.ZodType>(part: Part) => {
  const of = z.array(part).min(1).max(12);
  return z.discriminatedUnion('rule', [
    /** The lowest score of its parts. */
    z.strictObject({ rule: z.literal('all'), of }),
    /** The highest score of its parts. */
    z.strictObject({ rule: z.literal('any'), of }),
    /** The mean score of its parts. The only rule that gives partial credit: 1 of 3 parts scores 1/3. */
    z.strictObject({ rule: z.literal('mean'), of }),
  ]);
};

const nested = z.discriminatedUnion('rule', [simple, combinationOf(simple)]);

/** A judge's rule, as data. Combinations nest at most two deep. */
export const ruleSchema = z.discriminatedUnion('rule', [simple, combinationOf(nested)]);

/** A rule that scores an answer from 0 to 1. */
export type Rule = z.infer<typeof ruleSchema>;
export type SimpleRule = z.infer<typeof simple>;
export type Language = (typeof LANGUAGES)[number];
export type JsonType = z.infer<typeof jsonType>;

/** Returns the kinds of all rules: what `rule` may be. */
export const ruleKinds = (): string[] =>
  ruleSchema.options.flatMap((part) =>
    part.options.map((option) =>
      'shape' in option ? option.shape.rule.value : option.options[0].shape.rule.value,
    ),
  );
