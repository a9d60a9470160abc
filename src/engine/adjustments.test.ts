import { describe, expect, it } from 'vitest';
import { checkAdjustments, createAdjuster } from './adjustments.js';
import { checkSampling, createSampler } from './sampling.js';

describe('adjustments of logits', () => {
  it('follow the formula of the OpenAI API', () => {
    const adjuster = createAdjuster({ bias: new Map([[2, -3]]), presence: 0.5, frequency: 0.25 });
    const logits = Float32Array.of(1, 2, 3, 4);
    expect([...adjuster.apply(logits)]).toEqual([1, 2, 0, 4]);
    for (const id of [3, 3, 1]) adjuster.count(id);
    expect([...adjuster.apply(logits)]).toEqual([1, 2 - 0.75, 0, 4 - 1]);
    expect([...logits]).toEqual([1, 2, 3, 4]);
  });

  it('leave the logits alone, and let an executor pick candidates, where they change nothing', () => {
    const logits = Float32Array.of(1, 2);
    expect(createAdjuster({ presence: 0, frequency: 0, bias: new Map() }).apply(logits)).toBe(logits);
    const greedy = checkSampling({ temperature: 0 });
    expect(createSampler(greedy, 2, {}).wanted).not.toBeNull();
    expect(createSampler(greedy, 2, { presence: 1 }).wanted).toBeNull();
  });

  it('count what the sampler draws, and report probabilities of the model itself', () => {
    const sampler = createSampler(checkSampling({ temperature: 0 }), 3, { frequency: 2 });
    const logits = Float32Array.of(3, 2, 0);
    const drawn = [1, 2, 3].map(() => sampler.next({ logits }, []));
    expect(drawn.map(({ id }) => id)).toEqual([0, 1, 0]);
    expect(drawn[0]!.logProbability).toBe(drawn[2]!.logProbability);
  });

  it.each([
    [{ presence: 2.1 }, /presence takes a number from −2 to 2/],
    [{ frequency: Number.NaN }, /frequency takes/],
    [{ bias: new Map([[5, 1]]) }, /a bias names token 5: ids are 0 to 4/],
    [{ bias: new Map([[1, 101]]) }, /the bias of token 1 must be from −100 to 100/],
  ])('are refused out of range: %o', (adjust, message) => {
    expect(() => checkAdjustments(adjust, 5)).toThrow(message);
  });
});
