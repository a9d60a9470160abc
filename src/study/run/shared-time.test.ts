import { describe, expect, it } from 'vitest';
import { SharedTime } from './shared-time.js';

/** A clock that a test sets. */
function clock() {
  const at = { ms: 100 };
  return { at, time: new SharedTime(() => at.ms) };
}

describe('the time of cells that run at once', () => {
  it('is that of the clock if a cell runs alone', () => {
    const { at, time } = clock();
    const end = time.begin();
    at.ms = 105;
    time.asked();
    at.ms = 125;
    time.answered();
    at.ms = 130;
    expect(end()).toEqual({ totalMs: 30, executorMs: 20 });
  });

  it('is divided evenly, so that it adds up to the time of the thread', () => {
    const { at, time } = clock();
    const first = time.begin();
    at.ms += 10; // the first alone
    const second = time.begin();
    at.ms += 20; // both
    const ofFirst = first();
    at.ms += 5; // the second alone
    const ofSecond = second();
    expect(ofFirst.totalMs).toBe(20);
    expect(ofSecond.totalMs).toBe(15);
    at.ms += 1000; // no cell runs
    const third = time.begin();
    at.ms += 7;
    expect(third().totalMs).toBe(7);
  });

  it("counts what a batch waits for as the executor's, and what each cell does in turn as its own", () => {
    const { at, time } = clock();
    const ends = [time.begin(), time.begin()];
    for (let token = 0; token < 3; token++) {
      // Each of two cells samples for 1 ms and asks; then one pass of 8 ms answers both.
      for (let cell = 0; cell < 2; cell++) {
        at.ms += 1;
        time.asked();
      }
      at.ms += 8;
      time.answered();
      time.answered();
    }
    for (const end of ends) expect(end()).toEqual({ totalMs: 15, executorMs: 12 });
  });
});
