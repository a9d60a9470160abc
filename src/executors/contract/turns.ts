/** Work that is done piece by piece, in the order in which it came: for whoever would share scratch memory otherwise. */
export class Turns {
  #last: Promise<void> = Promise.resolve();

  /** Does a piece of work once all before it has ended, however it ended. */
  take<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(work);
    this.#last = result.then(
      () => undefined,
      () => undefined,
    );
    return result;
  }
}
