import { describe, expect, it } from 'vitest';
import { headScores } from './head-scores.js';

const rounds = { early: [1, 2], late: [3, 4] } as const;

describe('what heads are ranked by', () => {
  it('is their mean share, and how much of it they lose from the early to the late rounds', () => {
    const heads = [
      [0.5, 0.01],
      [0.5, 0.02],
      [0.25, 0],
      [0.25, 0],
    ];
    const { share, decay } = headScores([{ heads }], rounds);
    expect(share).toEqual([0.375, 0.0075]);
    // The second loses all it had, and is not in front for that.
    expect(decay).toEqual([0.25, 0.015]);
  });

  it('counts every dialogue the same', () => {
    const flat = (share: number) => ({ heads: Array.from({ length: 4 }, () => [share]) });
    expect(headScores([flat(0.25), flat(0.75)], rounds)).toEqual({ share: [0.5], decay: [0] });
  });

  it('takes the last round for rounds that a dialogue has not', () => {
    const heads = [[0.75], [0.25]];
    expect(headScores([{ heads }], { early: [1, 1], late: [8, 16] }).decay).toEqual([0.5]);
  });
});
