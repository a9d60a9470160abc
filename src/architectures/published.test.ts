import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import {
  type ByteSource,
  type Checkpoint,
  type MetadataValue,
  memorySource,
  type TensorInfo,
} from '../formats/index.js';
import { type Blueprint, parameterCount, planModel, type RopeBlueprint, tensorShapes } from './index.js';

/** Headers of published models, from test/oracle/published.py. `{}` stands for the layer's index. */
interface Published {
  readonly config: {
    readonly num_hidden_layers: number;
    readonly rope_scaling?: Readonly<Record<string, unknown>> | null;
  };
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

/** A checkpoint whose tensors are constant, each with another value; only the factors of LongRoPE are real. */
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
        ? memorySource(new Uint8Array(ropeFactors(config, name, shape[0]!).buffer), name)
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

/** The factors in the configuration. For Llama 3, whose GGUF has precomputed divisors, any values. */
function ropeFactors(
  { rope_scaling }: Published['config'],
  tensor: string,
  count: number,
): Float32Array<ArrayBuffer> {
  const length = /^rope_factors_(short|long)/.exec(tensor)?.[1];
  return length === undefined
    ? Float32Array.from({ length: count }, (_, i) => 1 + i)
    : Float32Array.from(rope_scaling?.[`${length}_factor`] as readonly number[]);
}

const ropeOf = ({ layers }: Blueprint) => layers[0]!.attention.rope!;
type Scaling = RopeBlueprint['scaling'];
const withScaling = (blueprint: Blueprint, change: (scaling: Scaling) => Scaling): Blueprint => ({
  ...blueprint,
  layers: blueprint.layers.map(({ attention, ...layer }) => ({
    ...layer,
    attention: {
      ...attention,
      rope: attention.rope && { ...attention.rope, scaling: change(attention.rope.scaling) },
    },
  })),
});
/** Rounds the factors of LongRoPE to f32, as a GGUF stores them and as transformers computes with them. */
const asStored = (blueprint: Blueprint): Blueprint =>
  withScaling(blueprint, (scaling) =>
    scaling?.type === 'longrope'
      ? { ...scaling, short: scaling.short.map(Math.fround), long: scaling.long.map(Math.fround) }
      : scaling,
  );

describe.each(Object.entries(MODELS))('%s', (_, published) => {
  const { config, parameters, tensors, gguf } = published;

  it('is planned from safetensors, with all parameters', async () => {
    const { blueprint } = await planModel(checkpointOf(published, 'safetensors', tensors), config);
    expect(parameterCount(blueprint)).toBe(parameters);
  });

  it('has the same blueprint in a GGUF', async () => {
    const { blueprint } = await planModel(checkpointOf(published, 'gguf', gguf.tensors, gguf.metadata));
    const fromConfig = (await planModel(checkpointOf(published, 'safetensors', tensors), config)).blueprint;
    // A GGUF of Mistral is one of Llama.
    const expected = { ...fromConfig, architecture: gguf.metadata['general.architecture'] } as Blueprint;
    if (ropeOf(expected).scaling?.type !== 'llama3') expect(blueprint).toEqual(asStored(expected));
    else {
      expect(ropeOf(blueprint).scaling?.type).toBe('divisors');
      expect(withScaling(blueprint, () => null)).toEqual(withScaling(expected, () => null));
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
  const phi = (await read('microsoft/Phi-4-mini-instruct')).layers[0]!.attention;
  expect(phi).toMatchObject({ headDim: 128, rope: { rotaryDim: 96 } });
  expect(phi.rope?.scaling).toMatchObject({ type: 'longrope', short: new Array(48).fill(1) });
  expect(endsOf(phi.rope?.scaling, 'long')).toEqual([1, 47.77]);
  const phi35 = (await read('microsoft/Phi-3.5-mini-instruct')).layers[0]!.attention.rope?.scaling;
  const rounded = (ends: readonly number[]): number[] => ends.map((end) => Number(end.toFixed(2)));
  expect(rounded(endsOf(phi35, 'short'))).toEqual([1, 2.84]);
  expect(rounded(endsOf(phi35, 'long'))).toEqual([1.08, 64.84]);
  const olmo = (await read('allenai/OLMo-2-1124-7B')).layers[0];
  expect(olmo).toMatchObject({ preNorms: false, attention: { queryKeyNorm: 'all heads' } });
  const granite = await read('ibm-granite/granite-3.3-8b-instruct');
  expect(granite).toMatchObject({ embeddingScale: 12, residualScale: 0.22, logitScale: 1 / 16 });
  expect(granite.layers[0]?.attention.scale).toBe(0.0078125);
  const mistral = await read('mistralai/Mistral-7B-Instruct-v0.3');
  expect(mistral.layers[0]?.attention).toMatchObject({ window: null, headDim: 128, kvHeads: 8 });
});

/** The first and the last factor. */
const endsOf = (scaling: Scaling | undefined, length: 'short' | 'long'): number[] =>
  scaling?.type === 'longrope' ? [scaling[length][0]!, scaling[length].at(-1)!] : [];

/** Files of published models, which are not part of this repository. */
const CONFIGS = fileURLToPath(new URL('../../../shared/configs/', import.meta.url));
const CONFIG_FILES = existsSync(CONFIGS)
  ? readdirSync(CONFIGS, { recursive: true, encoding: 'utf8' }).filter((file) =>
      /[./]config\./.test(`/${file}`),
    )
  : [];
const ABSENT = CONFIG_FILES.length === 0 && `(skipped: no files in ${CONFIGS})`;

describe.skipIf(ABSENT)(`the config.json of a published model ${ABSENT || ''}`, () => {
  const read = (file: string) => JSON.parse(readFileSync(join(CONFIGS, file), 'utf8'));
  /** Plans the model from its config.json alone, with tensors of the shapes that it states. */
  const planOf = async (config: Published['config']): Promise<Blueprint> => {
    const published = { config } as Published;
    const shapes = Object.fromEntries(tensorShapes(config));
    return (await planModel(checkpointOf(published, 'safetensors', shapes), config)).blueprint;
  };

  it.each(CONFIG_FILES)('is planned (%s)', async (file) => {
    const config = read(file);
    const blueprint = await planOf(config);
    expect(blueprint.layers).toHaveLength(config.num_hidden_layers);
    expect(blueprint.contextLength).toBe(config.max_position_embeddings);
  });

  it('is that of the model in the fixture, if that has one of its name', async () => {
    let compared = 0;
    for (const file of CONFIG_FILES) {
      const folder = file.split('/')[0]!;
      const named = Object.entries(MODELS).find(([name]) =>
        file.endsWith('/config.json')
          ? name.toLowerCase().includes(folder)
          : basename(file).startsWith(`${basename(name)}.`),
      );
      if (named === undefined) continue;
      expect(await planOf(read(file)), file).toEqual(await planOf(named[1].config));
      compared++;
    }
    expect(compared).toBe(13);
  });

  it('names the tensors of SmolLM3, with all parameters', async () => {
    const index = read('smollm3/model.safetensors.index.json');
    const config = read('smollm3/config.json');
    expect(Object.keys(index.weight_map).sort()).toEqual([...tensorShapes(config).keys()].sort());
    expect(parameterCount(await planOf(config))).toBe(index.metadata.total_parameters);
  });
});
