import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { phi3 } from './phi3.js';
import { ropeFrequencies } from './rope.js';
import { ropeFromConfig } from './rope-settings.js';

/** Results of transformers' own functions: see test/oracle. */
interface GoldenRope {
  readonly type: string;
  readonly config: { readonly head_dim: number; readonly max_position_embeddings: number };
  readonly seq_len: number | null;
  readonly inv_freq: readonly number[];
  readonly attention_scaling: number;
}

const goldens = JSON.parse(
  readFileSync(new URL('../../test/fixtures/rope.json', import.meta.url), 'utf8'),
) as readonly GoldenRope[];

describe('a rope type that transformers documents', () => {
  it('has reference values', () => {
    expect(new Set(goldens.map(({ type }) => type))).toEqual(
      new Set(['default', 'linear', 'dynamic', 'llama3', 'yarn', 'longrope']),
    );
  });

  it.each(goldens.map((golden, index) => [index, golden.type, golden] as const))(
    '%i, %s, has the frequencies and amplitude that it has there',
    (_, __, { config, seq_len, inv_freq, attention_scaling }) => {
      // Phi-3 is the family that may rotate only a part of each head.
      const { rope } = ropeFromConfig(config, phi3, config.head_dim, 'config.json');
      expect(rope.rotaryDim).toBe(2 * inv_freq.length);
      const { inverseFrequencies, amplitude } = ropeFrequencies(rope, seq_len ?? 1);
      expect(amplitude).toBeCloseTo(attention_scaling, 12);
      for (const [pair, frequency] of inv_freq.entries()) {
        // The reference values are rounded to f32 several times.
        expect(inverseFrequencies[pair]! / frequency, `pair ${pair}`).toBeCloseTo(1, 6);
      }
    },
  );
});
