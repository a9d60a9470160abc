import {
  type LayerWeight,
  type ModelPlan,
  readWeight,
  readWeightBytes,
  type StoredWeight,
  type WeightName,
} from '../../architectures/index.js';
import { type Checkpoint, packNibbles } from '../../formats/index.js';
import { type EmbeddingTable, embeddingTable } from '../embedding.js';
import { joined } from '../joined.js';
import { encodeWeight, formName, type Precision } from '../precision.js';
import type { Device } from './device.js';
import type { MatrixFormat } from './kernels/linear.js';

/** A matrix on the device. */
export interface DeviceMatrix {
  readonly outputs: number;
  readonly inputs: number;
  readonly format: MatrixFormat;
  readonly weight: GPUBuffer;
  /** Pairs of scale and offset, `[outputs, inputs / block]`; null for floats. */
  readonly scales: GPUBuffer | null;
  /** `[outputs]` */
  readonly bias: GPUBuffer | null;
}

/** A layer's weights on the device. Query, key and value are one matrix where they have one form; so are gate and up. */
export interface DeviceLayer {
  readonly projections: readonly DeviceMatrix[];
  readonly output: DeviceMatrix;
  readonly gateAndUp: DeviceMatrix;
  readonly down: DeviceMatrix;
  /** Query's weights, then key's: `[2, headDim]`, or `[heads + kvHeads, headDim]` of a norm over all heads; null without. */
  readonly queryKeyNorms: GPUBuffer | null;
  readonly norms: Readonly<
    Partial<Record<'attentionNorm' | 'postAttentionNorm' | 'mlpNorm' | 'postMlpNorm', GPUBuffer>>
  >;
}

export interface DeviceWeights {
  readonly layers: readonly DeviceLayer[];
  readonly finalNorm: GPUBuffer;
  readonly head: DeviceMatrix;
  readonly embedding: EmbeddingTable;
  /** The forms of all matrices, e.g. `q4, q8`. */
  readonly forms: string;
}

/** Reads a plan's weights and puts them on the device, layer by layer. */
export async function uploadWeights(
  device: Device,
  plan: ModelPlan,
  checkpoint: Checkpoint,
  precision: Precision,
): Promise<DeviceWeights> {
  const { blueprint } = plan;
  const forms = new Set<string>();
  const floats = (name: WeightName): Promise<Float32Array> => readWeight(plan, checkpoint, name);
  const optional = async (name: WeightName): Promise<Float32Array | null> =>
    plan.weights.has(name) ? floats(name) : null;

  /** Matrices of one form, one below the other; their biases too. */
  const upload = (
    what: string,
    parts: readonly Packed[],
    biases: readonly (Float32Array | null)[],
  ): Promise<DeviceMatrix> => {
    const [first] = parts;
    const { format } = first!;
    const weight = joined(parts.map(({ weight }) => weight));
    forms.add(first!.form);
    const scales = parts.flatMap(({ scales }) => (scales === null ? [] : [scales]));
    const bias = biases.every((bias) => bias === null)
      ? null
      : joined(parts.map(({ outputs }, index) => biases[index] ?? new Float32Array(outputs)));
    return device.allocate(what, () => ({
      outputs: parts.reduce((sum, { outputs }) => sum + outputs, 0),
      inputs: first!.inputs,
      format,
      weight: device.storage(what, weight),
      scales: scales.length === 0 ? null : device.storage(`the scales of ${what}`, joined(scales)),
      bias: bias && device.storage(`the bias of ${what}`, bias),
    }));
  };
  const vector = (what: string, values: Float32Array): Promise<GPUBuffer> =>
    device.allocate(what, () => device.storage(what, values));
  const packed = async (name: WeightName, as: Precision = precision): Promise<Packed> =>
    pack(await readWeightBytes(plan, checkpoint, name), as);

  const layers: DeviceLayer[] = [];
  for (const [index, { attention }] of blueprint.layers.entries()) {
    const named = (part: LayerWeight): WeightName => `layers.${index}.${part}`;
    const what = (part: string): string => `${part} of layer ${index}`;
    const single = async (part: LayerWeight, bias: LayerWeight): Promise<DeviceMatrix> =>
      upload(what(part), [await packed(named(part))], [await optional(named(bias))]);

    const heads = ['query', 'key', 'value'] as const;
    const projections = await Promise.all(heads.map((part) => packed(named(part))));
    const biases = await Promise.all(heads.map((part) => optional(named(`${part}Bias`))));
    const mlp = ['gate', 'up'] as const;
    let gateAndUp = await Promise.all(mlp.map((part) => packed(named(part))));
    // One kernel reads both: where they have two forms, as floats.
    if (!haveOneForm(gateAndUp)) gateAndUp = await Promise.all(mlp.map((part) => packed(named(part), 'f32')));
    const mlpBiases = await Promise.all(mlp.map((part) => optional(named(`${part}Bias`))));
    const norms: Partial<Record<LayerWeight, GPUBuffer>> = {};
    for (const part of ['attentionNorm', 'postAttentionNorm', 'mlpNorm', 'postMlpNorm'] as const) {
      const weight = await optional(named(part));
      if (weight !== null) norms[part] = await vector(what(part), weight);
    }
    layers.push({
      projections: haveOneForm(projections)
        ? [await upload(what('query, key and value'), projections, biases)]
        : await Promise.all(projections.map((part, at) => upload(what(heads[at]!), [part], [biases[at]!]))),
      output: await single('output', 'outputBias'),
      gateAndUp: await upload(what('gate and up'), gateAndUp, mlpBiases),
      down: await single('down', 'downBias'),
      queryKeyNorms:
        attention.queryKeyNorm !== null
          ? await vector(
              what('query and key norms'),
              joined([await floats(named('queryNorm')), await floats(named('keyNorm'))]),
            )
          : null,
      norms,
    });
  }
  const embedding = await readWeightBytes(plan, checkpoint, 'embedding');
  const head = blueprint.tiedEmbeddings ? pack(embedding, precision) : await packed('head');
  return {
    layers,
    finalNorm: await vector('the final norm', await floats('finalNorm')),
    head: await upload('the output head', [head], [null]),
    embedding: embeddingTable(embedding, blueprint.embeddingScale),
    forms: [...forms].sort().join(', '),
  };
}

/** A matrix as its kernel reads it. */
interface Packed {
  readonly outputs: number;
  readonly inputs: number;
  readonly format: MatrixFormat;
  /** In a word, for people. */
  readonly form: string;
  readonly weight: Uint8Array;
  readonly scales: Float32Array | null;
}

/** What the file holds in 16 bits stays so, unless exact f32 or blocks are asked for; the rest as on any executor. */
function pack(stored: StoredWeight, precision: Precision): Packed {
  const { type, bytes, shape } = stored;
  if ((type === 'F16' || type === 'BF16') && precision === 'auto') {
    const [outputs, inputs] = shape as [number, number];
    const kind = type === 'F16' ? 'f16' : 'bf16';
    return { outputs, inputs, format: { kind }, form: kind, weight: bytes, scales: null };
  }
  const matrix = encodeWeight(stored, precision);
  const { outputs, inputs, weight } = matrix;
  const form = formName(matrix);
  if (weight.kind === 'f32') {
    return { outputs, inputs, format: { kind: 'f32' }, form, weight: bytesOf(weight.values), scales: null };
  }
  const { bits, blockSize, quants, scales, offsets } = weight.blocks;
  const packed = bits === 4 ? packNibbles(quants) : bytesOf(quants);
  const pairs = new Float32Array(2 * scales.length);
  for (let block = 0; block < scales.length; block++) {
    pairs[2 * block] = scales[block]!;
    pairs[2 * block + 1] = offsets?.[block] ?? 0;
  }
  const format = { kind: 'blocks', bits, blockSize, offsets: offsets !== null } as const;
  return { outputs, inputs, format, form, weight: packed, scales: pairs };
}

const haveOneForm = (parts: readonly Packed[]): boolean =>
  new Set(parts.map(({ format }) => JSON.stringify(format))).size === 1;

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array | Int8Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
