import { describe, expect, it } from 'vitest';
import { type RopeBlueprint, ropeFrequencies } from '../../architectures/index.js';
import { Rotations, RotationTable } from './rotation.js';

const rotaryDim = 16;
const half = rotaryDim / 2;

const ROPES: readonly (readonly [string, RopeBlueprint])[] = [
  ['plain', { base: 10000, rotaryDim, scaling: null }],
  ['linear', { base: 1e6, rotaryDim, scaling: { type: 'linear', factor: 8 } }],
  [
    'llama3',
    {
      base: 500000,
      rotaryDim,
      scaling: {
        type: 'llama3',
        factor: 32,
        lowFrequencyFactor: 1,
        highFrequencyFactor: 4,
        originalContextLength: 8192,
      },
    },
  ],
  [
    'yarn',
    {
      base: 1e6,
      rotaryDim,
      scaling: {
        type: 'yarn',
        factor: 4,
        originalContextLength: 32768,
        betaFast: 32,
        betaSlow: 1,
        attentionFactor: null,
        truncate: true,
      },
    },
  ],
  [
    'divisors',
    { base: 10000, rotaryDim, scaling: { type: 'divisors', divisors: [1, 1, 1.5, 2, 4, 8, 8, 8] } },
  ],
];

/** Compares rows with angles formed from the frequencies; cos and sin are in f32, so within 2⁻²⁴ of them. */
function expectRows(
  rope: RopeBlueprint,
  { cos, sin }: { cos: Float32Array; sin: Float32Array },
  start: number,
  end: number,
): void {
  const { inverseFrequencies, amplitude } = ropeFrequencies(rope, 1);
  expect(cos).toHaveLength((end - start) * half);
  expect(sin).toHaveLength((end - start) * half);
  for (let position = start; position < end; position++) {
    for (let i = 0; i < half; i++) {
      const angle = position * inverseFrequencies[i]!;
      const at = (position - start) * half + i;
      expect(cos[at], `cos of pair ${i} at ${position}`).toBe(Math.fround(amplitude * Math.cos(angle)));
      expect(sin[at], `sin of pair ${i} at ${position}`).toBe(Math.fround(amplitude * Math.sin(angle)));
    }
  }
}

describe.each(ROPES)('RotationTable, %s', (_, rope) => {
  it('holds the cosines and sines of the frequencies, rounded once', () => {
    expectRows(rope, new RotationTable(rope, 1).rows(0, 40), 0, 40);
  });

  it('returns the requested rows, before and after it grows', () => {
    const table = new RotationTable(rope, 1);
    for (const [start, end] of [
      [0, 1],
      [5, 9],
      [250, 256],
      [255, 257],
      [3, 4],
      [4000, 4003],
      [0, 2],
    ] as const) {
      expectRows(rope, table.rows(start, end), start, end);
    }
  });

  it('does not change rows already returned when it grows', () => {
    const table = new RotationTable(rope, 1);
    const early = table.rows(7, 9);
    table.rows(5000, 5001);
    expectRows(rope, early, 7, 9);
  });
});

describe('RotationTable', () => {
  it('rotates nothing at position 0, and scales by YaRN’s temperature there as everywhere', () => {
    for (const [name, rope] of ROPES) {
      const { cos, sin } = new RotationTable(rope, 1).rows(0, 1);
      const amplitude = name === 'yarn' ? 0.1 * Math.log(4) + 1 : 1;
      expect([...cos]).toEqual(Array<number>(half).fill(Math.fround(amplitude)));
      expect([...sin]).toEqual(Array<number>(half).fill(0));
    }
  });
});

describe('Rotations', () => {
  const divisors = (each: number): number[] => Array<number>(half).fill(each);
  const longrope: RopeBlueprint = {
    base: 10000,
    rotaryDim,
    scaling: {
      type: 'longrope',
      short: divisors(1),
      long: divisors(4),
      originalContextLength: 64,
      attentionFactor: 1.25,
    },
  };

  it('depend on the context length if a rope does, and are shared for the same length', () => {
    const rotations = new Rotations([ROPES[0]![1], longrope]);
    const [plain, short] = rotations.of(64);
    const [, long] = rotations.of(65);
    expectRows(ROPES[0]![1], plain!.rows(0, 9), 0, 9);
    expect(short!.rows(8, 9).cos[0]).toBe(Math.fround(1.25 * Math.cos(8)));
    expect(long!.rows(8, 9).cos[0]).toBe(Math.fround(1.25 * Math.cos(2)));
    expect(rotations.of(64)[1]).toBe(short);
  });

  it('are shared by all context lengths if no rope depends on it', () => {
    const rotations = new Rotations([ROPES[0]![1]]);
    expect(rotations.of(64)).toBe(rotations.of(65));
  });
});
