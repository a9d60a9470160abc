import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type RopeBlueprint, ropeFrequencies } from './index.js';

/**
 * The expected values come from the functions of transformers 5.23's `modeling_rope_utils.py` themselves, executed
 * with numpy in place of torch and f64 in place of f32 (in f32 they differ by at most 2.2e-7 of each value).
 */
const CASES: readonly {
  readonly name: string;
  readonly rope: RopeBlueprint;
  readonly amplitude: number;
  /** [pair, radians per position] */
  readonly expected: readonly (readonly [number, number])[];
}[] = [
  {
    name: 'linear',
    rope: { base: 1e6, rotaryDim: 16, scaling: { type: 'linear', factor: 8 } },
    amplitude: 1,
    expected: [
      [0, 0.125],
      [1, 0.022228492625486537],
      [2, 0.003952847075210474],
      [7, 7.029266564879364e-7],
    ],
  },
  {
    name: 'llama3, as in Llama 3.2',
    rope: {
      base: 500000,
      rotaryDim: 64,
      scaling: {
        type: 'llama3',
        factor: 32,
        lowFrequencyFactor: 1,
        highFrequencyFactor: 4,
        originalContextLength: 8192,
      },
    },
    amplitude: 1,
    expected: [
      [0, 1],
      [1, 0.6636012376960885],
      [10, 0.016560440080994446],
      [16, 0.00042955679655936815],
      [21, 5.687232150457047e-6],
      [31, 9.418306725434911e-8],
    ],
  },
  {
    name: 'yarn, as Qwen 2.5 is stretched',
    rope: { base: 1e6, rotaryDim: 128, scaling: yarn({ factor: 4, originalContextLength: 32768 }) },
    amplitude: 1.138629436111989,
    expected: [
      [0, 1],
      [16, 0.03162277660168379],
      [32, 0.0006029411764705882],
      [42, 2.8869549617236455e-5],
      [63, 3.102344401879299e-7],
    ],
  },
  {
    name: 'yarn without truncation',
    rope: {
      base: 150000,
      rotaryDim: 64,
      scaling: yarn({ factor: 32, originalContextLength: 4096, truncate: false }),
    },
    amplitude: 1.3465735902799727,
    expected: [
      [1, 0.6890443058881633],
      [8, 0.050813274815461475],
      [10, 0.019335001126540362],
      [16, 0.00045648391922324086],
      [31, 3.0235114281192144e-7],
    ],
  },
  {
    name: 'yarn with betas of its own',
    rope: {
      base: 10000,
      rotaryDim: 64,
      scaling: yarn({
        factor: 40,
        originalContextLength: 4096,
        betaFast: 16,
        betaSlow: 2,
        attentionFactor: 1.0569662567531275,
      }),
    },
    amplitude: 1.0569662567531275,
    expected: [
      [10, 0.056234132519034905],
      [16, 0.005666666666666667],
      [21, 5.9284342641541385e-5],
      [31, 3.33380358040831e-6],
    ],
  },
  {
    name: 'yarn whose correction range starts before the first pair',
    rope: {
      base: 10000,
      rotaryDim: 16,
      scaling: yarn({ factor: 2, originalContextLength: 64, attentionFactor: 1.25 }),
    },
    amplitude: 1.25,
    expected: [
      [0, 1],
      [1, 0.26352313834736496],
      [2, 0.06666666666666668],
      [4, 0.005],
      [7, 0.00015811388300841897],
    ],
  },
];

function yarn(
  given: Partial<Extract<RopeBlueprint['scaling'], { type: 'yarn' }>>,
): Extract<RopeBlueprint['scaling'], { type: 'yarn' }> {
  return {
    type: 'yarn',
    factor: 1,
    originalContextLength: 2048,
    betaFast: 32,
    betaSlow: 1,
    attentionFactor: null,
    truncate: true,
    ...given,
  };
}

describe('rope frequencies', () => {
  it.each(CASES)('are those of transformers: $name', ({ rope, amplitude, expected }) => {
    const frequencies = ropeFrequencies(rope, 1);
    expect(frequencies.inverseFrequencies).toHaveLength(rope.rotaryDim / 2);
    expect(frequencies.amplitude).toBeCloseTo(amplitude, 14);
    for (const [pair, radians] of expected) {
      expect(frequencies.inverseFrequencies[pair]! / radians, `pair ${pair}`).toBeCloseTo(1, 12);
    }
  });

  it('fall from 1 by equal ratios without scaling', () => {
    const { inverseFrequencies, amplitude } = ropeFrequencies(
      { base: 10000, rotaryDim: 8, scaling: null },
      1,
    );
    expect([...inverseFrequencies]).toEqual([1, 0.1, 0.01, 0.001].map((value) => expect.closeTo(value, 15)));
    expect(amplitude).toBe(1);
  });

  it('are divided by the divisors of a GGUF', () => {
    const { inverseFrequencies } = ropeFrequencies(
      { base: 10000, rotaryDim: 8, scaling: { type: 'divisors', divisors: [1, 2, 4, 8] } },
      1,
    );
    expect([...inverseFrequencies]).toEqual(
      [1, 0.05, 0.0025, 0.000125].map((value) => expect.closeTo(value, 15)),
    );
  });

  it('stay between the unscaled and the fully scaled ones under yarn and llama3', () => {
    const scalings = fc.oneof(
      fc
        .record({
          factor: fc.double({ min: 1, max: 64, noNaN: true }),
          originalContextLength: fc.integer({ min: 16, max: 131072 }),
          truncate: fc.boolean(),
        })
        .map((given) => yarn(given)),
      fc.record({
        type: fc.constant('llama3' as const),
        factor: fc.double({ min: 1, max: 64, noNaN: true }),
        lowFrequencyFactor: fc.constant(1),
        highFrequencyFactor: fc.integer({ min: 2, max: 8 }),
        originalContextLength: fc.integer({ min: 16, max: 131072 }),
      }),
    );
    fc.assert(
      fc.property(scalings, fc.integer({ min: 1, max: 64 }), (scaling, pairs) => {
        const rope = { base: 10000, rotaryDim: 2 * pairs };
        const plain = ropeFrequencies({ ...rope, scaling: null }, 1).inverseFrequencies;
        const scaled = ropeFrequencies({ ...rope, scaling }, 1).inverseFrequencies;
        for (const [i, theta] of plain.entries()) {
          expect(scaled[i]).toBeLessThanOrEqual(theta * (1 + 1e-12));
          expect(scaled[i]).toBeGreaterThanOrEqual((theta / scaling.factor) * (1 - 1e-12));
        }
      }),
    );
  });
});
