/**
 * Patterns are regular expressions written by the authors of material, matched against what models say. JavaScript's own
 * matcher tries one way after another, which may take exponential time; here all ways are followed at once, character by
 * character (Thompson 1968), so the time grows with the length of the text and of the pattern. What a pattern means is
 * defined by JavaScript (flag `u`): single characters and classes are matched by it. Lookaround and backreferences have no
 * such matcher, so they are refused.
 */

/** Texts longer than this match no pattern; no answer is that long. */
const MAX_LENGTH = 20_000;
/** Limit for the steps of a pattern whose repeats are written out. */
const MAX_STEPS = 10_000;

/** A step of a pattern: it takes a character, asks for the characters around a place, or goes on at other steps. */
type Step =
  | { readonly kind: 'take'; readonly fits: (character: string) => boolean }
  | {
      readonly kind: 'edge';
      readonly holds: (before: string | undefined, after: string | undefined) => boolean;
    }
  | { readonly kind: 'go'; to: readonly number[] };

/** Adds the steps of a part of a pattern to a list. */
type Part = (steps: Step[]) => void;

/** Returns what is wrong with a pattern; null if nothing is. */
export function patternComplaint(source: string): string | null {
  try {
    new RegExp(source, 'u');
    stepsOf(source);
    return null;
  } catch (cause) {
    return cause instanceof Error ? cause.message : String(cause);
  }
}

/** Returns a function that says whether a pattern without a complaint matches a whole text. */
export function matcherOf(source: string): (text: string) => boolean {
  const steps = stepsOf(source);
  return (text) => text.length <= MAX_LENGTH && matches(steps, text);
}

function matches(steps: readonly Step[], text: string): boolean {
  let places = [0];
  let before: string | undefined;
  for (const character of text) {
    const reached = reachedFrom(places, steps, before, character);
    places = [];
    for (const place of reached) {
      const step = steps[place];
      if (step?.kind === 'take' && step.fits(character)) places.push(place + 1);
    }
    if (places.length === 0) return false;
    before = character;
  }
  return reachedFrom(places, steps, before, undefined).has(steps.length);
}

/** Returns the steps that can be reached without taking a character. */
function reachedFrom(
  places: readonly number[],
  steps: readonly Step[],
  before: string | undefined,
  after: string | undefined,
): Set<number> {
  const reached = new Set<number>();
  const open = [...places];
  for (let place = open.pop(); place !== undefined; place = open.pop()) {
    if (reached.has(place)) continue;
    reached.add(place);
    const step = steps[place];
    if (step?.kind === 'go') open.push(...step.to);
    else if (step?.kind === 'edge' && step.holds(before, after)) open.push(place + 1);
  }
  return reached;
}

function stepsOf(source: string): Step[] {
  const steps: Step[] = [];
  new Reader(source).branches()(steps);
  return steps;
}

/** Reads a pattern that JavaScript accepts. */
class Reader {
  #at = 0;

  constructor(private readonly source: string) {}

  /** Reads alternatives, up to the end or a closing bracket. */
  branches(): Part {
    const parts = [this.#sequence()];
    while (this.#takes(/\|/y)) parts.push(this.#sequence());
    return parts.length === 1 ? parts[0]! : oneOf(parts);
  }

  #sequence(): Part {
    const parts: Part[] = [];
    while (this.#at < this.source.length && !/[|)]/.test(this.source[this.#at]!))
      parts.push(this.#repeated());
    return (steps) => {
      for (const part of parts) part(steps);
    };
  }

  #repeated(): Part {
    const part = this.#single();
    const [mark, least, more, most] = this.#takes(/[*+?]|\{(\d+)(,?)(\d*)\}/y) ?? [];
    if (mark === undefined) return part;
    this.#takes(/\?/y); // how much a repeat takes decides nothing where the whole text must match
    if (mark === '*') return repeat(part, 0, Infinity);
    if (mark === '+') return repeat(part, 1, Infinity);
    if (mark === '?') return repeat(part, 0, 1);
    return repeat(part, Number(least), most ? Number(most) : more ? Infinity : Number(least));
  }

  #single(): Part {
    if (this.#takes(/\((?:\?:)?(?!\?)/y)) {
      const inner = this.branches();
      this.#at++; // the closing bracket
      return inner;
    }
    if (this.source[this.#at] === '(') {
      throw new SyntaxError(
        'only plain groups and (?:…) are allowed: others do not match in time that grows with the text alone',
      );
    }
    if (this.#takes(/\\k|\\[1-9]/y)) {
      throw new SyntaxError(
        'backreferences are not allowed: they do not match in time that grows with the text alone',
      );
    }
    if (this.#takes(/\^/y)) return edge((before) => before === undefined);
    if (this.#takes(/\$/y)) return edge((_, after) => after === undefined);
    if (this.#takes(/\\b/y)) return edge((before, after) => isWord(before) !== isWord(after));
    if (this.#takes(/\\B/y)) return edge((before, after) => isWord(before) === isWord(after));
    const [written] = this.#takes(CHARACTER)!;
    const alone = new RegExp(`^${written}$`, 'u');
    return character((one) => alone.test(one));
  }

  #takes(form: RegExp): RegExpExecArray | null {
    form.lastIndex = this.#at;
    const found = form.exec(this.source);
    if (found !== null) this.#at = form.lastIndex;
    return found;
  }
}

/** A class, an escape or a character, as it is written. Two halves of a character are written as two escapes. */
const CHARACTER =
  /\[(?:\\.|[^\]\\])*\]|\\u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|\\u\{[^}]*\}|\\u[\da-fA-F]{4}|\\x..|\\c.|\\[pP]\{[^}]*\}|\\?[\s\S]/uy;

const isWord = (character: string | undefined): boolean => character !== undefined && /^\w$/.test(character);

function add(steps: Step[], step: Step): void {
  if (steps.length === MAX_STEPS) {
    throw new RangeError(`the pattern has more than ${MAX_STEPS} steps, its repeats written out`);
  }
  steps.push(step);
}

function character(fits: (character: string) => boolean): Part {
  // Written-out repeats ask the same of the same character many times.
  let last: string | undefined;
  let fitted = false;
  const remembered = (asked: string): boolean => {
    if (asked !== last) [last, fitted] = [asked, fits(asked)];
    return fitted;
  };
  return (steps) => add(steps, { kind: 'take', fits: remembered });
}

const edge =
  (holds: (before: string | undefined, after: string | undefined) => boolean): Part =>
  (steps) =>
    add(steps, { kind: 'edge', holds });

const oneOf =
  (parts: readonly Part[]): Part =>
  (steps) => {
    const to: number[] = [];
    add(steps, { kind: 'go', to });
    const ends = parts.map((part) => {
      to.push(steps.length);
      part(steps);
      const end: Step = { kind: 'go', to: [] };
      add(steps, end);
      return end;
    });
    for (const end of ends) end.to = [steps.length];
  };

const repeat =
  (part: Part, least: number, most: number): Part =>
  (steps) => {
    for (let done = 0; done < least; done++) {
      const before = steps.length;
      part(steps);
      if (steps.length === before) return; // nothing, however often
    }
    const choices: Extract<Step, { kind: 'go' }>[] = [];
    for (let done = least; done < most; done++) {
      const start = steps.length;
      const choice: Step = { kind: 'go', to: [] };
      add(steps, choice);
      choices.push(choice);
      part(steps);
      choice.to = [start + 1];
      if (most < Infinity) continue;
      add(steps, { kind: 'go', to: [start] });
      break;
    }
    for (const choice of choices) choice.to = [...choice.to, steps.length];
  };
