import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dialogueSeeds } from './seeds.js';

const place = fc.record({
  seed: fc.nat(2 ** 17 - 1),
  index: fc.nat(2 ** 20 - 1),
  /** 0 for the answer, 1 for the user, then probes. */
  stream: fc.nat(40),
  round: fc.integer({ min: 1, max: 1000 }),
});

const seedAt = ({
  seed,
  index,
  stream,
  round,
}: {
  seed: number;
  index: number;
  stream: number;
  round: number;
}): number => {
  const seeds = dialogueSeeds(seed, index);
  if (stream === 0) return seeds.answer(round);
  return stream === 1 ? seeds.user + round : seeds.probe(round, stream - 2);
};

describe('dialogueSeeds', () => {
  it('returns whole numbers that a sampler accepts, different for any two draws', () => {
    fc.assert(
      fc.property(place, place, (one, other) => {
        expect(Number.isSafeInteger(seedAt(one))).toBe(true);
        expect(seedAt(one)).toBeGreaterThanOrEqual(0);
        expect(seedAt(one) === seedAt(other)).toBe(JSON.stringify(one) === JSON.stringify(other));
      }),
    );
    const near = [0, 1, 2].flatMap((stream) =>
      [1, 2].flatMap((round) =>
        [0, 1].flatMap((index) => [0, 1].map((seed) => ({ seed, index, stream, round }))),
      ),
    );
    expect(new Set(near.map(seedAt)).size).toBe(near.length);
  });

  it('rejects numbers out of range', () => {
    expect(() => dialogueSeeds(2 ** 17, 0)).toThrow(/E_SAMPLING.*seed from 0 to 131071, not 131072/);
    expect(() => dialogueSeeds(0, -1)).toThrow(/E_SAMPLING.*index/);
    expect(() => dialogueSeeds(0, 0).answer(1024)).toThrow(/E_SAMPLING.*round/);
  });
});
