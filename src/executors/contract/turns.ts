/** A queue that runs one piece of work at a time, in order of arrival, for work that shares scratch memory. */
export class Turns {
  #last: Promise<void> = Promise.resolve();

  /** Runs a piece of work after all earlier ones have ended, also if they failed. */
  take<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(work);
    this.#last = result.then(
      () => undefined,
      () => undefined,
    );
    return result;
  }
}
