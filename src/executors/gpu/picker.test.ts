import { describe, expect, it } from 'vitest';
import { MOST_CANDIDATES, PICKED_HEAD } from '../../kernels/draw.js';
import { Picker, pickedCandidates } from './picker.js';

/** What the kernels leave of a row: pairs of an id and a logit in any order, all that lie less than 1.5 below the best. */
function leaves(
  pairs: readonly (readonly [id: number, logit: number])[],
  count = pairs.length,
): Float32Array {
  const floats = new Float32Array(Picker.pickedWords);
  const words = new Uint32Array(floats.buffer);
  words[0] = count;
  floats.set([3, 1.5, 1.25, 1.5], 1);
  for (const [index, [id, logit]] of pairs.entries()) {
    words[PICKED_HEAD + 2 * index] = id;
    floats[PICKED_HEAD + 2 * index + 1] = logit;
  }
  return floats;
}

const draw = { temperature: 0.5, topK: 0, topP: 1, minP: 0, least: 1 };
const pairs = [
  [9, 2],
  [4999, 3],
  [7, 2],
] as const;

describe('candidates that were picked on the device', () => {
  it('are sorted, of equals the lowest id first, with the sums of the whole row', () => {
    const picked = pickedCandidates(leaves(pairs), { ...draw, topP: 0.5 }, 5000)!;
    expect(picked.ids).toEqual([4999, 7, 9]);
    expect([...picked.logits]).toEqual([3, 2, 2]);
    expect(picked.normaliser).toBeCloseTo(3 + Math.log(1.5), 12);
    expect(picked.total).toBe(1.25);
  });

  it('are not used where there were more than there is room for', () => {
    const greedy = { ...draw, temperature: 0 };
    expect(pickedCandidates(leaves(pairs, MOST_CANDIDATES + 1), greedy, 5000)).toBeNull();
    expect(pickedCandidates(leaves(pairs), greedy, 5000)!.total).toBe(0);
  });

  it('are not used where a draw reaches further than they go', () => {
    // Their weights: 1 and twice e⁻², 1.2707 together, of 1.25 and of 1.3.
    expect(pickedCandidates(leaves(pairs), { ...draw, topP: 0.999 }, 5000)).not.toBeNull();
    const more = leaves(pairs);
    more[3] = 1.3;
    expect(pickedCandidates(more, { ...draw, topP: 0.999 }, 5000)).toBeNull();
    // What lies 1.5 below the best weighs e⁻³ = .0498.
    expect(pickedCandidates(leaves(pairs), { ...draw, minP: 0.05 }, 5000)).not.toBeNull();
    expect(pickedCandidates(leaves(pairs), { ...draw, minP: 0.049 }, 5000)).toBeNull();
    expect(pickedCandidates(leaves(pairs), draw, 5000)).toBeNull();
    expect(pickedCandidates(leaves(pairs), draw, 3)).not.toBeNull();
  });

  it('are not used where the row holds what is no number', () => {
    for (const [place, value] of [
      [1, Number.NEGATIVE_INFINITY],
      [2, Number.NaN],
      [2, Number.POSITIVE_INFINITY],
      [2, 0],
    ] as const) {
      const odd = leaves(pairs);
      odd[place] = value;
      expect(pickedCandidates(odd, { ...draw, temperature: 0 }, 5000), `${value} at ${place}`).toBeNull();
    }
  });

  it('hold the weight of what top-k leaves', () => {
    const picked = pickedCandidates(leaves(pairs), { ...draw, topK: 2 }, 5000)!;
    expect(picked.total).toBeCloseTo(1 + Math.exp(-2), 12);
  });
});
