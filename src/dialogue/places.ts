/** The places of a batch, each for a dialogue that is computed or for a copy of one. */
export class Places {
  #taken = 0;

  constructor(private readonly count: number) {}

  /** Takes a place for a dialogue, which needs one in any case. */
  enter(): void {
    this.#taken++;
  }

  /** Takes a place for a copy. @returns false if none is free */
  take(): boolean {
    if (this.#taken >= this.count) return false;
    this.#taken++;
    return true;
  }

  /** Gives a place back. */
  leave(): void {
    this.#taken--;
  }

  /** Whether dialogues came for whom there is no place as long as copies have theirs. */
  get isCrowded(): boolean {
    return this.#taken > this.count;
  }
}

/** What a copy needs of the places. */
export type FreePlaces = Pick<Places, 'take' | 'leave' | 'isCrowded'>;

/** None is free: what could run at once runs one after the other. */
export const NO_PLACES: FreePlaces = {
  take: () => false,
  leave() {},
  isCrowded: false,
};
