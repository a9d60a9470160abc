import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { candidatesOf, logSumExp } from '../executors/index.js';
import { checkSampling, createSampler, distribution, type SamplingOptions } from './sampling.js';

const OPEN: SamplingOptions = { temperature: 1, topP: 1 };
const of = (logits: readonly number[], options: SamplingOptions, history: number[] = []) =>
  distribution(Float32Array.from(logits), checkSampling(options), history);
const logits = fc.array(fc.float({ min: -30, max: 30, noNaN: true }), { minLength: 1, maxLength: 60 });
const temperature = fc.double({ min: 0.05, max: 5, noNaN: true });

/** The softmax at a temperature, and the ids, most probable first: written directly from the definition. */
function plain(values: readonly number[], temperature: number): { probabilities: number[]; order: number[] } {
  const rounded = [...Float32Array.from(values)];
  const best = Math.max(...rounded);
  const weights = rounded.map((value) => Math.exp((value - best) / temperature));
  const sum = weights.reduce((a, b) => a + b, 0);
  const order = rounded.map((_, id) => id).sort((a, b) => rounded[b]! - rounded[a]! || a - b);
  return { probabilities: weights.map((weight) => weight / sum), order };
}

describe('a distribution', () => {
  it('sums to one under any options', () => {
    fc.assert(
      fc.property(
        logits,
        temperature,
        fc.nat(70),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (values, temperature, topK, topP, minP) => {
          const { ids, probabilities } = of(values, { temperature, topK, topP, minP });
          expect(probabilities.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 9);
          expect(new Set(ids).size).toBe(ids.length);
          expect(ids.length).toBe(probabilities.length);
        },
      ),
    );
  });

  it('is the softmax at the temperature when nothing is filtered', () => {
    fc.assert(
      fc.property(logits, temperature, (values, temperature) => {
        const { ids, probabilities } = of(values, { ...OPEN, temperature });
        const expected = plain(values, temperature).probabilities;
        ids.forEach((id, i) => {
          expect(probabilities[i]).toBeCloseTo(expected[id]!, 9);
        });
      }),
    );
  });

  it('keeps the k most probable tokens with top-k, and the lower ids among equals', () => {
    fc.assert(
      fc.property(logits, fc.integer({ min: 1, max: 70 }), (values, topK) => {
        const { ids } = of(values, { ...OPEN, topK });
        expect([...ids].sort((a, b) => a - b)).toEqual(
          plain(values, 1)
            .order.slice(0, topK)
            .sort((a, b) => a - b),
        );
      }),
    );
  });

  it('keeps the smallest set with the cumulative probability with top-p', () => {
    fc.assert(
      fc.property(
        logits,
        temperature,
        fc.double({ min: 0.01, max: 0.99, noNaN: true }),
        (values, temperature, topP) => {
          const { ids } = of(values, { temperature, topP });
          const { probabilities, order } = plain(values, temperature);
          expect(ids).toEqual(order.slice(0, ids.length));
          const mass = ids.reduce((sum, id) => sum + probabilities[id]!, 0);
          expect(mass).toBeGreaterThanOrEqual(topP - 1e-9);
          expect(mass - probabilities[ids.at(-1)!]!).toBeLessThan(topP + 1e-9);
        },
      ),
    );
  });

  it('keeps tokens with that fraction of the highest probability with min-p', () => {
    fc.assert(
      fc.property(logits, fc.double({ min: 0.001, max: 1, noNaN: true }), (values, minP) => {
        const { probabilities } = plain(values, 1);
        const best = Math.max(...probabilities);
        const { ids } = of(values, { ...OPEN, minP });
        const kept = new Set(ids);
        probabilities.forEach((probability, id) => {
          if (probability > minP * best * (1 + 1e-9)) expect(kept).toContain(id);
          if (probability < minP * best * (1 - 1e-9)) expect(kept).not.toContain(id);
        });
      }),
    );
  });

  it('applies top-p to the tokens left by top-k', () => {
    // 0.4, 0.3, 0.2, 0.1: among the first two, the first has 0.57, which is more than 0.55.
    const values = [0.4, 0.3, 0.2, 0.1].map(Math.log);
    expect(of(values, { temperature: 1, topK: 2, topP: 0.55 }).ids).toEqual([0]);
    expect(of(values, { temperature: 1, topP: 0.55 }).ids).toEqual([0, 1]);
  });

  it('divides the positive and multiplies the negative logits of repeated tokens, once each', () => {
    const options: SamplingOptions = { ...OPEN, repetitionPenalty: 2 };
    const { probabilities } = of([4, -1, 3, 0], options, [0, 1, 0]);
    const expected = plain([2, -2, 3, 0], 1).probabilities;
    expected.forEach((probability, id) => {
      expect(probabilities[id]).toBeCloseTo(probability, 12);
    });
  });

  it('never makes a repeated token more probable with a penalty above one', () => {
    fc.assert(
      fc.property(logits, fc.nat(59), fc.double({ min: 1, max: 4, noNaN: true }), (values, at, penalty) => {
        const seen = at % values.length;
        const before = of(values, OPEN).probabilities[seen]!;
        const after = of(values, { ...OPEN, repetitionPenalty: penalty }, [seen]).probabilities[seen]!;
        expect(after).toBeLessThanOrEqual(before + 1e-9);
      }),
    );
  });
});

describe('a sampler', () => {
  const sequence = (values: readonly number[], options: SamplingOptions, count = 20): number[] => {
    const sampler = createSampler(checkSampling(options));
    return Array.from({ length: count }, () => sampler.next({ logits: Float32Array.from(values) }, []).id);
  };

  it('draws the same tokens from the same seed', () => {
    fc.assert(
      fc.property(logits, fc.nat(), (values, seed) => {
        expect(sequence(values, { ...OPEN, seed })).toEqual(sequence(values, { ...OPEN, seed }));
      }),
    );
  });

  it('is greedy at temperature 0 and with top-k 1', () => {
    fc.assert(
      fc.property(logits, fc.nat(), (values, seed) => {
        const best = plain(values, 1).order[0]!;
        expect(sequence(values, { temperature: 0, seed }, 3)).toEqual([best, best, best]);
        expect(sequence(values, { ...OPEN, topK: 1, seed }, 3)).toEqual([best, best, best]);
      }),
    );
  });

  it('draws each token as often as its probability says', () => {
    const probabilities = [0.5, 0.3, 0.15, 0.05];
    const counts = [0, 0, 0, 0];
    for (const id of sequence(probabilities.map(Math.log), { ...OPEN, seed: 3 }, 20_000)) counts[id]!++;
    probabilities.forEach((probability, id) => {
      expect(counts[id]! / 20_000).toBeCloseTo(probability, 1.7);
    });
  });

  it('draws from its distribution, filtered or not, at every temperature and penalty', () => {
    const cold = { temperature: 0.25 };
    const hot = { temperature: 4 };
    const penalty = { repetitionPenalty: 3 };
    // Five tokens, some of which a filter keeps and some of which are repeated.
    const values = Float32Array.of(2, 1.5, 1, -0.5, -1);
    const history = [0, 3];
    for (const filter of [{ topP: 1 }, { topP: 0.8 }, { topK: 2, topP: 1 }, { minP: 0.2, topP: 1 }]) {
      for (const change of [{}, cold, hot, penalty, { ...cold, ...penalty }]) {
        const sampling = checkSampling({ ...OPEN, ...filter, ...change, seed: 5 });
        const { ids, probabilities } = distribution(values, sampling, history);
        const counts = new Float64Array(values.length);
        const sampler = createSampler(sampling);
        for (let draw = 0; draw < 4000; draw++)
          counts[sampler.next({ logits: values }, history).id]! += 1 / 4000;
        const expected = new Float64Array(values.length);
        for (const [index, id] of ids.entries()) expected[id] = probabilities[index]!;
        // Four standard errors of a proportion. A token that is filtered out is never drawn.
        for (const [id, probability] of expected.entries()) {
          const slack = 4 * Math.sqrt((probability * (1 - probability)) / 4000);
          expect(Math.abs(counts[id]! - probability)).toBeLessThanOrEqual(slack + 1e-9);
        }
      }
    }
  });

  it('draws the same tokens from its candidates as from all logits', () => {
    fc.assert(
      fc.property(
        logits,
        fc.record({
          temperature: fc.oneof(fc.constant(0), fc.constant(1), temperature),
          topK: fc.nat(70),
          topP: fc.constantFrom(0.3, 0.95, 1),
          minP: fc.constantFrom(0, 0.02, 1),
          topLogProbabilities: fc.nat(5),
          seed: fc.nat(),
        }),
        (values, options) => {
          const sampling = checkSampling(options);
          const row = Float32Array.from(values);
          const [whole, partial] = [createSampler(sampling), createSampler(sampling, row.length)];
          if (partial.wanted === null) return;
          const candidates = candidatesOf(row, partial.wanted);
          for (let draw = 0; draw < 5; draw++) {
            const token = partial.next({ logits: new Float32Array(0), candidates }, []);
            expect(token).toEqual(whole.next({ logits: row }, []));
          }
        },
      ),
    );
  });

  it('wants all logits if any token may be drawn or a penalty changes their order', () => {
    const wanted = (options: SamplingOptions) => createSampler(checkSampling(options)).wanted;
    expect(wanted({ temperature: 1, topP: 1 })).toBeNull();
    expect(wanted({ temperature: 0, repetitionPenalty: 1.1 })).toBeNull();
    const all = checkSampling({ temperature: 1, topP: 1, topK: 9 });
    expect(createSampler(all, 9).wanted).toBeNull();
    expect(createSampler(all, 10).wanted).toMatchObject({ topK: 9 });
    expect(wanted({ temperature: 0 })).toMatchObject({ temperature: 0, least: 1 });
    expect(wanted({ topLogProbabilities: 7 })).toMatchObject({ topP: 0.95, least: 7 });
  });

  it("reports the model's own log probabilities, whatever the settings", () => {
    const values = [0.5, 0.3, 0.15, 0.05].map(Math.log);
    const sampler = createSampler(
      checkSampling({ temperature: 0, repetitionPenalty: 100, topLogProbabilities: 2 }),
    );
    const token = sampler.next({ logits: Float32Array.from(values) }, [0, 1]);
    expect(token.id).toBe(2);
    expect(Math.exp(token.logProbability)).toBeCloseTo(0.15, 6);
    expect(token.topLogProbabilities.map(({ id }) => id)).toEqual([0, 1]);
    expect(Math.exp(token.topLogProbabilities[0]!.logProbability)).toBeCloseTo(0.5, 6);
  });

  it('never draws tokens at −∞, and refuses NaN and infinite logits', () => {
    const forbidden = [Number.NEGATIVE_INFINITY, 0, Number.NEGATIVE_INFINITY];
    for (const options of [OPEN, { temperature: 1 }, { ...OPEN, minP: 0.1 }, { ...OPEN, topK: 2 }]) {
      expect(sequence(forbidden, options, 5)).toEqual([1, 1, 1, 1, 1]);
    }
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => sequence([0, bad, 1], OPEN)).toThrow(/E_EXECUTOR/);
      expect(() => sequence([bad, 0], OPEN)).toThrow(/E_EXECUTOR/);
      const greedy = createSampler(checkSampling({ temperature: 0 }));
      const candidates = candidatesOf(Float32Array.of(0, bad), greedy.wanted!);
      expect(() => greedy.next({ logits: new Float32Array(0), candidates }, [])).toThrow(/E_EXECUTOR/);
      expect(() => logSumExp(Float32Array.of(0, bad))).toThrow(/E_EXECUTOR/);
    }
  });

  it('works on a whole vocabulary of equal logits', () => {
    const flat = new Array<number>(49_152).fill(0);
    expect(of(flat, { temperature: 1, topP: 0.5 }).ids.length).toBe(24_576);
    expect(of(flat, { temperature: 1, topP: 1, topK: 40 }).ids).toEqual(
      Array.from({ length: 40 }, (_, i) => i),
    );
  });
});

describe('sampling options', () => {
  it('are complete, and their errors name option and range', () => {
    expect(checkSampling({ topK: 3 })).toMatchObject({ temperature: 0.7, topK: 3, topP: 0.95, seed: 0 });
    for (const [name, value] of [
      ['temperature', -1],
      ['temperature', Number.NaN],
      ['topK', 1.5],
      ['topP', 0],
      ['topP', 1.1],
      ['minP', -0.1],
      ['repetitionPenalty', 0],
      ['seed', -1],
      ['seed', 2 ** 53],
      ['topLogProbabilities', 101],
    ] as const) {
      expect(() => checkSampling({ [name]: value })).toThrow(
        new RegExp(`E_SAMPLING: ${name} takes a (whole )?number (from|above 0 and up to) .*, not ${value} `),
      );
    }
  });
});
