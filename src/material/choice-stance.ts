/**
 * How an answer speaks of an option's letter. English, and the words for "not" and "except" of other languages.
 */
export type Stance =
  | 'asserted'
  | 'rejected'
  /** Named as what somebody else said, asked or assumed. */
  | 'reported'
  /** Nothing said of it either way. */
  | 'open';

const words = (list: string): ReadonlySet<string> => new Set(list.trim().split(/\s+/));
const oneOf = (list: string): string => `(?:${list.trim().split(/\s+/).join('|')})`;

/** Words that may stand between a negation and the letter: `I would not go with option B`. */
const BETWEEN =
  oneOf(`the an? options? answers? letters? choices? choos(?:e|es|ing) chosen? pick(?:ing|ed)? select(?:ing|ed)?
  tak(?:e|en|ing) go(?:ing)? with for say(?:ing)? be(?:en|ing)? is it it's that think(?:ing)? believe would will could should to
  on of really necessarily actually simply just have has do want like call name consider(?:ing)? recommend suggest accept
  us(?:e|ing) giv(?:e|ing) answering even ever always possibly agree either both die der das antwort la le el los les l' de
  opción réponse respuesta risposta resposta optie antwoord lettre letra lettera вариант ответ`);
const NEGATIONS =
  oneOf(`not \\w*n't never cannot neither nor no hardly scarcely barely without unlike against than over excluding excepting besides
  barring except nicht keine? weder noch außer statt anstatt pas ni sauf excepté jamais excepto salvo menos nunca não nem
  exceto tranne eccetto non niet geen behalve не ни кроме`);
const REFUSALS = oneOf(`exclud(?:e|es|ed|ing) eliminat(?:e|es|ed|ing) reject(?:s|ed|ing)? discard(?:s|ed|ing)?
  dismiss(?:es|ed|ing)? avoid(?:s|ed|ing)? skip(?:s|ped|ping)?`);
const PHRASES = [
  '(?:auf keinen fall|en aucun cas|en ningún caso|in nessun caso|in geen geval|on no account|by no means)',
  "(?:not|\\w*n't|never)\\s+(?!hesitate|fail|forget)\\w+\\s+to",
  '(?:rul(?:e|es|ed|ing) out|instead of|in place of|apart from|aside from|with the exception of|exception (?:of|is))',
  '(?:refus(?:e|es|ed|ing)|declin(?:e|es|ed|ing)|unable|unwilling|forbidden|reluctant) to',
  "(?:any|every|all|each|anything|everything|anyone|everyone)(?:\\s+(?!wrong|incorrect|false|bad)[\\w']+){0,3}\\s+(?:but|save|bar|minus)(?:\\s+for)?",
].join('|');
const REJECTED_BEFORE = new RegExp(
  `(?:(?<![\\p{L}])(?:${NEGATIONS}|${REFUSALS}|${PHRASES})(?:\\s+${BETWEEN})*\\s*|(?:不是|不选|不選|除了)\\s*)$`,
  'iu',
);
/** `Except for B, all are wrong`: what is excepted from the wrong ones is right. */
const EXCEPTED =
  /\b(?:but|save|bar|except(?:ing)?|besides|apart from|aside from|other than|exception of)(?:\s+for)?\s*(?:the\s+)?(?:option\s+|letter\s+)?$/iu;
const ALL_WRONG = /\b(?:all|every\w*|any\w*|each|others?|rest)\b[^.;!?]*\b(?:wrong|incorrect|false)\b/iu;
/** Two negations: `nothing but B`, `none other than B`, `not A but B`. */
const ASSERTED_BEFORE = new RegExp(
  `(?<!\\p{L})(?:not|\\w*n't|never|cannot|no|nothing|none|nobody)(?:\\s+[^\\s.,;:!?]+){0,6}?\\s+(?:but|except(?: for)?|other than|besides|apart from)(?:\\s+${BETWEEN})*\\s*$`,
  'iu',
);
const WHY_NOT = /\b(?:why|whether or) not\s*$/iu;
/** What somebody else said: `you told me to answer B`. */
const REPORTED =
  /\b(?:told|ask(?:ed)?|instruct(?:ed)?|want(?:ed)?|supposed|expected|meant|ordered|said)(?:\s+(?:me|us|i|to|always|that|should|must)){1,4}\s+\w+(?:\s+(?:with|for|option|letter))*\s*$/iu;
/** `Although A is right, I choose B`. */
const CONCEDED =
  /(?:^|[\s,(])(?:even though|although|though|while|whereas|even if|obwohl|bien que|aunque)\s[^,]*$/iu;
/** `A: no`, `B ✅`. */
const MARKED_WRONG = /^(?:[:–—-]\s*(?:no|wrong|false|incorrect|nein|non)(?![\p{L}\s,]*\p{L})|[❌✗✘✖])/iu;
const MARKED_RIGHT = /^(?:[:–—-]\s*(?:yes|right|true|correct|ja|oui|sí)(?![\p{L}\s,]*\p{L})|[✅✓✔☑])/iu;
/** `I would choose B if I could`. */
const CONDITION = /^(?:if|unless)\b/iu;
/** A conclusion: `so B`, `therefore: B`. */
const CONCLUDED =
  /(?:^|[^\p{L}])(?:so|therefore|hence|thus|ergo|also|donc|entonces|quindi|portanto|dus)[,:]?\s*$/iu;

const VERBS =
  words(`is was are were be seems seem looks look sounds would must has have can could may might will should isn't
  wasn't aren't weren't cannot can't couldn't wouldn't won't shouldn't doesn't don't didn't does do did`);
const SKIPPED =
  words(`clearly definitely obviously certainly simply just also probably surely actually really quite very
  completely totally plainly the a an my our be been to have so only still most far by itself of both all either which that
  in this case here possibly ever even`);
const NOT = words(
  "not never cannot hardly isn't wasn't aren't weren't can't couldn't wouldn't won't shouldn't doesn't don't didn't",
);
const BAD =
  words(`wrong incorrect false out impossible unlikely excluded eliminated ruled mistaken rejected nonsense invalid
  untrue worst worse less trap lie mistake distractor decoy`);
const GOOD = words('right correct true best better answer choice pick it valid one winner mine option');
/** Verbs that judge an option: `B does not fit`. */
const FITS = words('fit work match hold apply count make answer suit');
const REJECTED_AFTER =
  /^(?:excluded|excepted|aside|fails|(?:ist|est|es|è|é)\s+(?:falsch|fau(?:x|sse)|incorrecta?|fals[oa]|sbagliat[oa]|errat?d?[oa])|is fout|[—–-]?\s*(?:неверн|неправильн)|(?:是错|不对|不是)|は?(?:間違い|違い|不正解|誤り)|(?:では|じゃ)な)/iu;

/**
 * Returns how a text speaks of the option between two positions.
 * @param until where the next option is mentioned, or the end
 */
export function stanceOf(text: string, from: number, to: number, until: number): Stance {
  const before = clauseBefore(text, from).replace(/["'([{«]+$/u, '');
  const after = text
    .slice(to, Math.min(until, to + REACH))
    .replace(/^["')\]}»]+/u, '')
    .trimStart();
  if ([WHY_NOT, REPORTED, CONCEDED].some((form) => form.test(before)) || CONDITION.test(after))
    return 'reported';
  const said = predicateOf(until < text.length ? `${after} ${OTHER}` : after);
  if (said !== 'open') return said;
  if (EXCEPTED.test(before) && ALL_WRONG.test(before + after)) return 'asserted';
  if (ASSERTED_BEFORE.test(before)) return 'asserted';
  if (REJECTED_BEFORE.test(before)) return 'rejected';
  return CONCLUDED.test(before) || /^\?\s*yes\b/iu.test(after) ? 'asserted' : 'open';
}

/** Reads what is said of the option: `is wrong`, `can't be right`, `is not wrong`. */
function predicateOf(after: string): Stance {
  if ([REJECTED_AFTER, MARKED_WRONG, /^[?]\s*no\b/iu].some((form) => form.test(after))) return 'rejected';
  if (MARKED_RIGHT.test(after)) return 'asserted';
  const [, clause = '', end] = /^([^.,;:!?\n]*)([.,;:!?\n]?)/u.exec(after)!;
  const said = clause
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  if (end === '?') return 'open';
  if (SKIPPED.has(said[0] ?? '')) said.shift();
  if (!VERBS.has(said[0] ?? '')) return 'open';
  let negative = false;
  for (const [at, word] of said.entries()) {
    const next = said[at + 1];
    if (NOT.has(word)) negative = !negative;
    else if (BAD.has(word) || GOOD.has(word)) {
      if (next === 'if' || next === 'unless') return 'reported';
      return negative === GOOD.has(word) ? 'rejected' : 'asserted';
    } else if (FITS.has(word)) return negative ? 'rejected' : 'open';
    else if (!VERBS.has(word) && !SKIPPED.has(word)) return 'open';
  }
  // `B isn't; C is.`
  return negative ? 'rejected' : said.length === 1 && said[0] === 'is' ? 'asserted' : 'open';
}

/** Stands for the next option, where what is said of this one ends. */
const OTHER = '\0';
/** Characters before and after a letter that can speak of it. */
const REACH = 160;

/** Returns what stands before a position, from the last mark that ends a clause. */
function clauseBefore(text: string, to: number): string {
  let from = to;
  while (from > 0 && to - from < REACH && !'.;:!?\n'.includes(text[from - 1]!)) from--;
  return text.slice(from, to);
}
