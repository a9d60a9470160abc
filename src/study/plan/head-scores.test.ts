import { describe, expect, it } from 'vitest';
import { headScores } from './head-scores.js';

const rounds = { early: [1, 2], late: [3, 4] } as const;

describe('headScores', () => {
  it('returns the mean share, and its fall from the early to the late rounds', () => {
    const heads = [
      [0.5, 0.01],
      [0.5, 0.02],
      [0.25, 0],
      [0.25, 0],
    ];
    const { share, decay } = headScores([{ heads }], rounds);
    expect(share).toEqual([0.375, 0.0075]);
    // The second head loses a larger part of its share, but ranks lower.
    expect(decay).toEqual([0.25, 0.015]);
  });

  it('weights all dialogues equally', () => {
    const flat = (share: number) => ({ heads: Array.from({ length: 4 }, () => [share]) });
    expect(headScores([flat(0.25), flat(0.75)], rounds)).toEqual({ share: [0.5], decay: [0] });
  });

  it('uses the last round if a dialogue is too short', () => {
    const heads = [[0.75], [0.25]];
    expect(headScores([{ heads }], { early: [1, 1], late: [8, 16] }).decay).toEqual([0.5]);
  });
});
