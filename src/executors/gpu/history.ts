import type { ForwardRequest } from '../contract/index.js';

/** The part of a request that its keys and values depend on. */
type Remembered = Pick<ForwardRequest, 'tokens' | 'intervention' | 'silenced'>;

interface Settings {
  readonly intervention?: ForwardRequest['intervention'] | undefined;
  readonly silenced?: ForwardRequest['silenced'] | undefined;
}

interface Entry {
  readonly request: Remembered;
  /** Tokens of the sequence after the request. */
  end: number;
}

/**
 * The requests that a sequence's cache was computed from. Repeating them, each as it was, gives the same cache to the last
 * bit, as results depend on how tokens are divided into requests.
 */
export class History {
  #entries: Entry[] = [];

  copy(): History {
    const copy = new History();
    copy.#entries = this.#entries.map((entry) => ({ ...entry }));
    return copy;
  }

  /** Appends a request that has run. @param end tokens of the sequence after it */
  add({ tokens, intervention, silenced }: ForwardRequest, end: number): void {
    const last = this.#entries.at(-1)?.request;
    // Tokens of an answer have the same settings: keep those only once.
    const isSame = last !== undefined && isEqual(last, { intervention, silenced });
    const kept = isSame ? last : structuredClone({ intervention, silenced });
    const request = {
      tokens: tokens.slice(),
      ...(kept.intervention ? { intervention: kept.intervention } : {}),
      ...(kept.silenced ? { silenced: kept.silenced } : {}),
    };
    this.#entries.push({ request, end });
  }

  /** Forgets all from token `length` on. A request that is cut is kept whole, to repeat it as it was. */
  truncate(length: number): void {
    const start = this.#entries.findIndex(({ end }) => end >= length);
    if (start < 0) return;
    const cut = this.#entries[start]!;
    this.#entries.length = length === (this.#entries[start - 1]?.end ?? 0) ? start : start + 1;
    cut.end = Math.min(cut.end, length);
  }

  /** The requests, and the tokens of the sequence that are left after each. */
  get entries(): readonly Readonly<Entry>[] {
    return this.#entries;
  }
}

/** Returns whether two requests change attention alike. */
function isEqual(a: Settings, b: Settings): boolean {
  const [first, second] = [a.intervention, b.intervention];
  if ((first === undefined) !== (second === undefined)) return false;
  if (!isSameArray(a.silenced ?? [], b.silenced ?? [])) return false;
  if (first === undefined || second === undefined) return true;
  return (
    first.policy === second.policy &&
    isSameArray(first.strength, second.strength) &&
    JSON.stringify(first.target) === JSON.stringify(second.target)
  );
}

const isSameArray = (a: ArrayLike<number>, b: ArrayLike<number>): boolean =>
  a.length === b.length && Array.prototype.every.call(a, (value, index) => Object.is(value, b[index]));
