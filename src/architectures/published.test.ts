import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  type ByteSource,
  type Checkpoint,
  type MetadataValue,
  memorySource,
  type TensorInfo,
} from '../formats/index.js';
import { type Blueprint, parameterCount, planModel } from './index.js';

/** Headers of published models, from test/oracle/published.py. `{}` stands for the layer's index. */
interface Published {
  readonly config: { readonly num_hidden_layers: number };
  readonly parameters: number;
  readonly tensors: Readonly<Record<string, readonly number[]>>;
  readonly gguf: {
    readonly metadata: Readonly<Record<string, MetadataValue>>;
    readonly tensors: Readonly<Record<string, readonly number[]>>;
  };
}

const MODELS: Readonly<Record<string, Published>> = JSON.parse(
  readFileSync(new URL('../../test/fixtures/published.json', import.meta.url), 'utf8'),
);

/** A checkpoint whose tensors are constant, each with another value; only the factors of its rope are real. */
function checkpointOf(
  { config }: Published,
  format: Checkpoint['format'],
  shapes: Published['tensors'],
  metadata: Published['gguf']['metadata'] = {},
): Checkpoint {
  const tensors = new Map<string, TensorInfo>();
  for (const [pattern, shape] of Object.entries(shapes)) {
    const count = pattern.includes('{}') ? config.num_hidden_layers : 1;
    for (let layer = 0; layer < count; layer++) {
      const name = pattern.replace('{}', String(layer));
      const source = name.startsWith('rope_')
        ? memorySource(new Uint8Array(ropeFactors(name, shape[0]!).buffer), name)
        : constantSource(name, tensors.size);
      const byteLength = 4 * shape.reduce((product, size) => product * size, 1);
      tensors.set(name, { name, type: 'F32', shape, source, offset: 0, byteLength });
    }
  }
  return { name: format, format, tensors, metadata: new Map(Object.entries(metadata)) };
}

const constantSource = (name: string, byte: number): ByteSource => ({
  ...{ name, size: Number.MAX_SAFE_INTEGER },
  read: async (_, length) => new Uint8Array(length).fill(byte),
});

/** The factors in the configurations. For Llama 3, whose GGUF has precomputed divisors, any values. */
const ropeFactors = (name: string, count: number): Float32Array<ArrayBuffer> =>
  Float32Array.from({ length: count }, (_, i) => 1 + i / (name.includes('short') ? 64 : 2));

const ropeOf = ({ layers }: Blueprint) => layers[0]!.attention.rope!;
/** Removes the scaling: in a GGUF, that of Llama 3 is a list of divisors. */
const withoutFactors = (blueprint: Blueprint): Blueprint => ({
  ...blueprint,
  layers: blueprint.layers.map((layer) => ({
    ...layer,
    attention: {
      ...layer.attention,
      rope: layer.attention.rope && { ...layer.attention.rope, scaling: null },
    },
  })),
});

describe.each(Object.entries(MODELS))('%s', (_, published) => {
  const { config, parameters, tensors, gguf } = published;

  it('is planned from safetensors, with all parameters', async () => {
    const { blueprint } = await planModel(checkpointOf(published, 'safetensors', tensors), config);
    expect(parameterCount(blueprint)).toBe(parameters);
  });

  it('has the same blueprint in a GGUF', async () => {
    const { blueprint } = await planModel(checkpointOf(published, 'gguf', gguf.tensors, gguf.metadata));
    const expected = (await planModel(checkpointOf(published, 'safetensors', tensors), config)).blueprint;
    if (ropeOf(expected).scaling?.type !== 'llama3') expect(blueprint).toEqual(expected);
    else {
      expect(ropeOf(blueprint).scaling?.type).toBe('divisors');
      expect(withoutFactors(blueprint)).toEqual(withoutFactors(expected));
    }
  });
});

it('reads the special features of each model', async () => {
  const read = async (name: string): Promise<Blueprint> => {
    const published = MODELS[name]!;
    const checkpoint = checkpointOf(published, 'safetensors', published.tensors);
    return (await planModel(checkpoint, published.config)).blueprint;
  };
  const gemma = await read('google/gemma-2-2b-it');
  expect(gemma).toMatchObject({ embeddingScale: 48, logitCap: 30 });
  expect(gemma.layers[0]?.attention).toMatchObject({ scoreCap: 50, window: 4096, scale: 1 / 16 });
  expect(gemma.layers[1]?.attention.window).toBeNull();
  const smol = (await read('HuggingFaceTB/SmolLM3-3B')).layers.map(({ attention }) => attention.rope?.base);
  expect(smol).toEqual(Array.from({ length: 36 }, (_, i) => (i % 4 === 3 ? undefined : 5e6)));
  const phi = (await read('microsoft/Phi-4-mini-instruct')).layers[0]?.attention;
  expect(phi).toMatchObject({ headDim: 128, rope: { rotaryDim: 96, scaling: { type: 'longrope' } } });
  const olmo = (await read('allenai/OLMo-2-0425-1B-Instruct')).layers[0];
  expect(olmo).toMatchObject({ preNorms: false, attention: { queryKeyNorm: 'all heads' } });
  const granite = await read('ibm-granite/granite-3.3-2b-instruct');
  expect(granite).toMatchObject({ embeddingScale: 12, residualScale: 0.22, logitScale: 1 / 8 });
  expect(granite.layers[0]?.attention.scale).toBe(0.015625);
});
