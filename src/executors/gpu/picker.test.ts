import { describe, expect, it } from 'vitest';
import { MOST_CANDIDATES, PICKED_HEAD } from '../../kernels/draw.js';
import { Picker, pickedCandidates } from './picker.js';

/** The words that the kernels write for a row: pairs of id and logit in any order, all less than 1.5 below the best. */
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

describe('candidates picked on the device', () => {
  it('are sorted, the lowest id first among equals, with the sums of the whole row', () => {
    const picked = pickedCandidates(leaves(pairs), { ...draw, topP: 0.5 }, 5000)!;
    expect(picked.ids).toEqual([4999, 7, 9]);
    expect([...picked.logits]).toEqual([3, 2, 2]);
    expect(picked.normaliser).toBeCloseTo(3 + Math.log(1.5), 12);
    expect(picked.total).toBe(1.25);
  });

  it('are not used if they exceed the capacity', () => {
    const greedy = { ...draw, temperature: 0 };
    expect(pickedCandidates(leaves(pairs, MOST_CANDIDATES + 1), greedy, 5000)).toBeNull();
    expect(pickedCandidates(leaves(pairs), greedy, 5000)!.total).toBe(0);
  });

  it('are not used if a draw reaches further', () => {
    // Their weights are 1 and twice e⁻², in total 1.2707: more than 1.25, less than 1.3.
    expect(pickedCandidates(leaves(pairs), { ...draw, topP: 0.999 }, 5000)).not.toBeNull();
    const more = leaves(pairs);
    more[3] = 1.3;
    expect(pickedCandidates(more, { ...draw, topP: 0.999 }, 5000)).toBeNull();
    // A logit 1.5 below the best has the weight e⁻³ = .0498.
    expect(pickedCandidates(leaves(pairs), { ...draw, minP: 0.05 }, 5000)).not.toBeNull();
    expect(pickedCandidates(leaves(pairs), { ...draw, minP: 0.049 }, 5000)).toBeNull();
    expect(pickedCandidates(leaves(pairs), draw, 5000)).toBeNull();
    expect(pickedCandidates(leaves(pairs), draw, 3)).not.toBeNull();
  });

  it('are not used if the row contains NaN or infinity', () => {
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

  it('have the total weight of the tokens left by top-k', () => {
    const picked = pickedCandidates(leaves(pairs), { ...draw, topK: 2 }, 5000)!;
    expect(picked.total).toBeCloseTo(1 + Math.exp(-2), 12);
  });
});
