import { describe, expect, it } from 'vitest';
import { blueprintOf } from '../../test/support/model-fixtures.js';
import type { Blueprint } from './index.js';

const ropeOf = (blueprint: Blueprint) => blueprint.layers[0]?.attention.rope;

describe('rope in config.json', () => {
  const llama3 = {
    factor: 32,
    low_freq_factor: 1,
    high_freq_factor: 4,
    original_max_position_embeddings: 8192,
  };

  it.each([
    ['llama3', llama3],
    ['linear', { factor: 4 }],
    ['yarn', { factor: 4, original_max_position_embeddings: 128 }],
    [
      'yarn',
      { factor: 4, original_max_position_embeddings: 128, beta_fast: 16, beta_slow: 2, truncate: false },
    ],
  ])('is the same in type, rope_type and rope_parameters: %s %j', async (type, parameters) => {
    const oldest = await blueprintOf('llama', { rope_theta: 5e5, rope_scaling: { type, ...parameters } });
    const old = await blueprintOf('llama', {
      rope_theta: 5e5,
      rope_scaling: { rope_type: type, ...parameters },
    });
    const rope_parameters = { rope_type: type, rope_theta: 5e5, ...parameters };
    const now = await blueprintOf('llama', {
      rope_theta: undefined,
      rope_scaling: undefined,
      rope_parameters,
    });
    expect(old).toEqual(oldest);
    expect(now).toEqual(oldest);
    expect(ropeOf(now)).toMatchObject({ base: 5e5, scaling: { type } });
  });

  it('fills in the defaults of yarn', async () => {
    const blueprint = await blueprintOf('llama', { rope_scaling: { type: 'yarn', factor: 4 } });
    expect(ropeOf(blueprint)?.scaling).toEqual({
      type: 'yarn',
      factor: 4,
      originalContextLength: 512,
      betaFast: 32,
      betaSlow: 1,
      attentionFactor: null,
      truncate: true,
    });
  });

  it('takes the factor of yarn from the two context lengths', async () => {
    const blueprint = await blueprintOf('llama', {
      rope_scaling: { type: 'yarn', factor: null, original_max_position_embeddings: 128 },
    });
    expect(ropeOf(blueprint)?.scaling).toMatchObject({ factor: 4, originalContextLength: 128 });
  });

  // transformers' _compute_yarn_parameters returns 1.0569662567531275 for these.
  it('turns mscale and mscale_all_dim into one attention factor', async () => {
    const blueprint = await blueprintOf('llama', {
      rope_scaling: { type: 'yarn', factor: 40, mscale: 1, mscale_all_dim: 0.8 },
    });
    const scaling = ropeOf(blueprint)?.scaling;
    expect(scaling?.type === 'yarn' && scaling.attentionFactor).toBeCloseTo(1.0569662567531275, 14);
  });

  it("has the family's base if the file does not state one", async () => {
    const silent = { rope_theta: undefined, rope_scaling: undefined, rope_local_base_freq: undefined };
    expect(ropeOf(await blueprintOf('llama', silent))?.base).toBe(10000);
    const { layers } = await blueprintOf('gemma3', silent);
    expect(layers[0]?.attention.rope).toEqual({ base: 10000, rotaryDim: 16, scaling: null });
    expect(layers[5]?.attention.rope).toEqual({ base: 1e6, rotaryDim: 16, scaling: null });
  });
});
