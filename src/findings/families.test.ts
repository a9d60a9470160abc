import { describe, expect, it } from 'vitest';
import { simulateStudy } from '../../test/support/simulated-study.js';
import { correctedGains, type UncorrectedGain } from './equal-kl.js';
import { testFamilies } from './families.js';
import { createInference } from './inference.js';
import { slicesOf } from './slices.js';
import { columnsOf } from './study-columns.js';
import { survivalOf, testedSurvival } from './survival.js';

const DEFAULTS = createInference();

interface Item {
  readonly family: string | null;
  readonly p: number;
  readonly pMean?: number;
}

const tested = (items: readonly (readonly Item[])[]) =>
  testFamilies(
    items,
    { familyOf: ({ family }) => family, test: ({ p, pMean = p }) => ({ p, pMean }) },
    DEFAULTS,
  ).map((ofSlice) => ofSlice.map((result) => result?.pHolm ?? null));

describe('families of tests', () => {
  it('are corrected over all slices, each by itself', () => {
    const slices = [
      [
        { family: 'primary', p: 0.02 },
        { family: 'others', p: 0.01 },
      ],
      [
        { family: 'others', p: 0.02 },
        { family: 'others', p: 0.9 },
      ],
    ];
    expect(tested(slices)).toEqual([
      [0.02, 0.03],
      [0.04, 0.9],
    ]);
  });

  it('correct the larger p of two tests, and the first if the second is undefined', () => {
    expect(
      tested([
        [
          { family: 'all', p: 0.01, pMean: 0.02 },
          { family: 'all', p: 0.03, pMean: Number.NaN },
        ],
      ]),
    ).toEqual([[0.04, 0.04]]);
  });

  it('have no place for what is no test, and do not count what cannot be told', () => {
    expect(
      tested([
        [
          { family: null, p: 0.001 },
          { family: 'all', p: Number.NaN },
          { family: 'all', p: 0.04 },
        ],
      ]),
    ).toEqual([[null, Number.NaN, 0.04]]);
  });

  it('draw as many permutations as they need', () => {
    const drawn: number[] = [];
    const items = Array.from({ length: 501 }, (_, at) => ({ at }));
    testFamilies(
      [items],
      {
        familyOf: ({ at }) => (at === 0 ? 'small' : 'large'),
        test: (_, permutations) => {
          drawn.push(permutations);
          return { p: 0.5 };
        },
      },
      DEFAULTS,
    );
    expect([drawn[0], drawn[1]]).toEqual([10_000, 200_000]);
  });
});

describe('tests of times to the first loss', () => {
  it('draw as many permutations as their family needs', () => {
    const study = simulateStudy({
      dialogues: 40,
      rounds: 12,
      arms: [
        { name: 'off', start: 0.9, slope: -0.08 },
        { name: 'held', start: 0.95, slope: 0 },
      ],
    });
    const [slice] = slicesOf(columnsOf(study));
    const held = survivalOf(slice!, createInference({ resamples: 50 }))[1]!;
    // The smallest p of 10,000 permutations is .0001.
    const many = testedSurvival([Array.from({ length: 60 }, () => held)], DEFAULTS)[0]!;
    expect(many[0]!.beside!.p).toBe(1 / 24_001);
    expect(many[0]!.beside!.pHolm).toBeCloseTo(60 / 24_001, 12);
  });
});

describe('gains at equal KL divergence', () => {
  it('are one family, without those that cannot be told', () => {
    const gain = (p: number) => ({ p }) as UncorrectedGain;
    const corrected = correctedGains([[gain(0.01), gain(Number.NaN)], [gain(0.03)]], DEFAULTS);
    expect(corrected.map((ofSlice) => ofSlice.map(({ pHolm }) => pHolm))).toEqual([
      [0.02, Number.NaN],
      [0.03],
    ]);
  });
});
