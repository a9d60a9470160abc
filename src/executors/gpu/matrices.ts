import {
  type LayerWeight,
  type ModelPlan,
  readWeight,
  readWeightBytes,
  type StoredWeight,
  type WeightName,
} from '../../architectures/index.js';
import { type Checkpoint, packNibbles } from '../../formats/index.js';
import type { MatrixFormat } from '../../kernels/matrix.js';
import {
  type EmbeddingTable,
  embeddingTable,
  encodeWeight,
  formName,
  heldInHalves,
  joined,
  type Precision,
  runsOfOne,
} from '../contract/index.js';
import type { Device } from './device.js';
import { stacked, uploadMatrix, uploadPair } from './upload.js';

/** A matrix on the device, or the part of its outputs that fits into one buffer. */
export interface DeviceMatrix {
  /** Rows of the matrix. */
  readonly outputs: number;
  readonly inputs: number;
  /** The first column of the result that it computes. */
  readonly column: number;
  readonly format: MatrixFormat;
  readonly weight: GPUBuffer;
  /** Scales, `[outputs, inputs / block]`, or pairs of scale and offset; null for floats. */
  readonly scales: GPUBuffer | null;
  /** `[outputs]` */
  readonly bias: GPUBuffer | null;
}

/** Gate and up: as one matrix if they have the same form, in each part gate's rows before up's; otherwise as two. */
export type GateAndUp =
  | { readonly both: readonly DeviceMatrix[] }
  | { readonly gate: readonly DeviceMatrix[]; readonly up: readonly DeviceMatrix[] };

/** A layer's weights on the device. */
export interface DeviceLayer {
  /** Query, key and value; consecutive ones of the same form are one matrix. */
  readonly projections: readonly DeviceMatrix[];
  readonly output: readonly DeviceMatrix[];
  readonly gateAndUp: GateAndUp;
  readonly down: readonly DeviceMatrix[];
  /**
   * Query's, then key's weights: `[2, headDim]`, or `[heads + kvHeads, headDim]` for a norm over all heads; null: no
   * norm.
   */
  readonly queryKeyNorms: GPUBuffer | null;
  readonly norms: Readonly<
    Partial<Record<'attentionNorm' | 'postAttentionNorm' | 'mlpNorm' | 'postMlpNorm', GPUBuffer>>
  >;
}

/** A model's weights on the device; embeddings stay on the host. */
export interface DeviceWeights {
  readonly layers: readonly DeviceLayer[];
  readonly finalNorm: GPUBuffer;
  readonly head: readonly DeviceMatrix[];
  readonly embedding: EmbeddingTable;
  /** The forms of all matrices, e.g. `q4, q8`. */
  readonly forms: string;
}

/** Reads a plan's weights and uploads them to the device, layer by layer. */
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

  const upload = async (what: string, parts: readonly Packed[], column = 0): Promise<DeviceMatrix[]> => {
    forms.add(parts[0]!.form);
    return uploadMatrix(device, what, stacked(parts), column);
  };
  const vector = (what: string, values: Float32Array): Promise<GPUBuffer> =>
    device.allocate(what, () => device.storage(what, values));
  const packed = async (name: WeightName, bias?: WeightName): Promise<Packed> => ({
    ...packMatrix(await readWeightBytes(plan, checkpoint, name), precision),
    bias: bias === undefined ? null : await optional(bias),
  });

  const layers: DeviceLayer[] = [];
  for (const [index, { attention }] of blueprint.layers.entries()) {
    const named = (part: LayerWeight): WeightName => `layers.${index}.${part}`;
    const what = (part: string): string => `${part} of layer ${index}`;
    const linear = (part: MatrixName): Promise<Packed> => packed(named(part), named(`${part}Bias`));
    const single = async (part: MatrixName): Promise<DeviceMatrix[]> =>
      upload(what(part), [await linear(part)]);
    const several = async (parts: readonly MatrixName[]): Promise<DeviceMatrix[]> => {
      const matrices: DeviceMatrix[] = [];
      let column = 0;
      for (const run of runsOfOne(await Promise.all(parts.map(linear)), formatName)) {
        matrices.push(...(await upload(what(parts.join(', ')), run, column)));
        column += run.reduce((sum, { outputs }) => sum + outputs, 0);
      }
      return matrices;
    };
    const gateAndUp = async (): Promise<GateAndUp> => {
      const [gate, up] = await Promise.all([linear('gate'), linear('up')]);
      if (formatName(gate) !== formatName(up)) {
        return { gate: await upload(what('gate'), [gate]), up: await upload(what('up'), [up]) };
      }
      forms.add(gate.form);
      return { both: await uploadPair(device, what('gate, up'), gate, up) };
    };
    const norms: Partial<Record<LayerWeight, GPUBuffer>> = {};
    for (const part of ['attentionNorm', 'postAttentionNorm', 'mlpNorm', 'postMlpNorm'] as const) {
      const weight = await optional(named(part));
      if (weight !== null) norms[part] = await vector(what(part), weight);
    }
    layers.push({
      projections: await several(['query', 'key', 'value']),
      output: await single('output'),
      gateAndUp: await gateAndUp(),
      down: await single('down'),
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
  const head = blueprint.tiedEmbeddings
    ? { ...packMatrix(embedding, precision), bias: null }
    : await packed('head');
  return {
    layers,
    finalNorm: await vector('the final norm', await floats('finalNorm')),
    head: await upload('the output head', [head]),
    embedding: embeddingTable(embedding, blueprint.embeddingScale),
    forms: [...forms].sort().join(', '),
  };
}

/** The matrices that may have a bias. */
type MatrixName = 'query' | 'key' | 'value' | 'output' | 'gate' | 'up' | 'down';

/** A matrix as its kernel reads it. */
export interface Packed {
  readonly outputs: number;
  readonly inputs: number;
  readonly format: MatrixFormat;
  /** The name of the form, e.g. `q4`. */
  readonly form: string;
  readonly weight: Uint8Array;
  readonly scales: Float32Array | null;
  readonly bias: Float32Array | null;
}

const formatName = ({ format }: Packed): string => JSON.stringify(format);

/** Packs a matrix for its kernel. 16-bit floats stay 16 bits if the precision allows it. */
export function packMatrix(stored: StoredWeight, precision: Precision): Omit<Packed, 'bias'> {
  const { type, bytes, shape } = stored;
  const kind = heldInHalves(type, precision);
  if (kind !== null) {
    const [outputs, inputs] = shape as [number, number];
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
  const format = { kind: 'blocks', bits, blockSize, offsets: offsets !== null } as const;
  const paired = offsets === null ? scales : inPairs(scales, offsets);
  return { outputs, inputs, format, form, weight: packed, scales: paired };
}

function inPairs(first: Float32Array, second: Float32Array): Float32Array {
  const pairs = new Float32Array(2 * first.length);
  for (let i = 0; i < first.length; i++) {
    pairs[2 * i] = first[i]!;
    pairs[2 * i + 1] = second[i]!;
  }
  return pairs;
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array | Int8Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
