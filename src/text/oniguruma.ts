/** Letters outside ASCII that are ASCII letters when case is ignored. */
const FOLDED: Readonly<Record<string, string>> = { s: '\u017f', k: '\u212a' };
/** Two letters that are also one character when case is ignored, such as `ß`. */
const LIGATURES: ReadonlySet<string> = new Set(['ss', 'st', 'ff', 'fi', 'fl']);

const ESCAPE = /\\(?:[pPx]\{[^}]*\}|k<[^>]*>|[\s\S])/uy;
const GROUP = /\((?:\?(?:i:|>|:|=|!|<=|<!|<[A-Za-z_]\w*>))?/y;
const QUANTIFIER = /[?*+][?+]?|\{\d+(?:,\d*)?\}|\{,\d+\}/y;
const ATOM = /[\s\S]/uy;

/**
 * Rewrites what `@huggingface/tokenizers` 0.2.0 translates from Oniguruma's syntax to something else: it makes atomic groups
 * and possessive quantifiers greedy, ignores `\G`, and ignores the case of ASCII letters only.
 * @throws SyntaxError for what cannot be rewritten
 */
export function rewriteOniguruma(regex: string): string {
  let at = 0;
  let atomics = 0;
  const take = (pattern: RegExp): string | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(regex)?.[0] ?? null;
    if (found !== null) at += found.length;
    return found;
  };
  const refuse = (what: string): never => {
    throw new SyntaxError(`${what} is not supported: ${regex}`);
  };

  /** A lookahead is never entered again, so what it captured cannot become shorter. */
  const atomic = (body: string, inLookbehind: boolean): string => {
    if (inLookbehind || /\\[1-9]/.test(regex))
      refuse('an atomic group beside a lookbehind or a numbered reference');
    const name = `atomic${atomics++}`;
    return `(?:(?=(?<${name}>${body}))\\k<${name}>)`;
  };

  const readClass = (ignoresCase: boolean): string => {
    const start = at;
    let depth = 0;
    do {
      if (take(ESCAPE) !== null) continue;
      const character = take(ATOM) ?? refuse('an open character class');
      if (character === '[') depth++;
      if (character === ']' && at > start + (regex[start + 1] === '^' ? 3 : 2)) depth--;
    } while (depth > 0);
    const text = regex.slice(start, at);
    return ignoresCase ? foldClass(text) : text;
  };

  const foldClass = (text: string): string => {
    const body = text.slice(1, -1);
    if (/\[|&&|\\[pPxu\d]|[^\0-\x7f]/.test(body)) refuse('this character class, with case ignored,');
    const ranges = body.match(/[A-Za-z]-.|.-[A-Za-z]/g) ?? [];
    if (ranges.some((range) => range !== 'a-z' && range !== 'A-Z')) refuse('this range, with case ignored,');
    const letters = ranges.length > 0 ? 'abcdefghijklmnopqrstuvwxyz' : body.replace(/\\./g, '');
    const others = Array.from(letters).flatMap((letter) => (/[A-Za-z]/.test(letter) ? casesOf(letter) : []));
    return `${text.slice(0, -1)}${[...new Set(others)].join('')}]`;
  };

  const readAtom = (ignoresCase: boolean, inLookbehind: boolean): string => {
    const escaped = take(ESCAPE);
    if (escaped !== null) {
      if (escaped === '\\G') refuse('\\G');
      if (ignoresCase && /^\\[pPxuk\d]/.test(escaped)) refuse(`${escaped}, with case ignored,`);
      return escaped;
    }
    if (regex[at] === '[') return readClass(ignoresCase);
    const opening = take(GROUP);
    if (opening !== null) {
      if (regex[at] === '?' && opening === '(') refuse('this kind of group');
      const behind = inLookbehind || opening.startsWith('(?<=') || opening.startsWith('(?<!');
      const body = readAlternatives(ignoresCase || opening === '(?i:', behind);
      if (take(/\)/y) === null) refuse('an open group');
      if (opening === '(?>') return atomic(body, inLookbehind);
      return `${opening === '(?i:' ? '(?:' : opening}${body})`;
    }
    const character = take(ATOM)!;
    if (!ignoresCase || character.toLowerCase() === character.toUpperCase()) return character;
    return /[A-Za-z]/.test(character)
      ? `[${casesOf(character).join('')}]`
      : refuse('this letter, with case ignored,');
  };

  const readAlternatives = (ignoresCase: boolean, inLookbehind: boolean): string => {
    let rewritten = '';
    while (at < regex.length && regex[at] !== ')') {
      if (ignoresCase && LIGATURES.has(regex.slice(at, at + 2).toLowerCase())) {
        refuse(`${regex.slice(at, at + 2)}, with case ignored,`);
      }
      let atom = readAtom(ignoresCase, inLookbehind);
      for (let quantifier = take(QUANTIFIER); quantifier !== null; quantifier = take(QUANTIFIER)) {
        const isPossessive = quantifier.length === 2 && quantifier[1] === '+';
        atom = isPossessive ? atomic(atom + quantifier[0], inLookbehind) : atom + quantifier;
      }
      rewritten += atom;
    }
    return rewritten;
  };

  const rewritten = readAlternatives(false, false);
  if (at < regex.length) refuse('a closing bracket without an opening one');
  return rewritten;
}

function casesOf(letter: string): string[] {
  const lower = letter.toLowerCase();
  return [lower, lower.toUpperCase(), ...(FOLDED[lower] ?? '')];
}
