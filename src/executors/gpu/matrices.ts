import {
  type LayerWeight,
  type ModelPlan,
  readWeight,
  readWeightBytes,
  type WeightName,
} from '../../architectures/index.js';
import type { Checkpoint } from '../../formats/index.js';
import { type EmbeddingTable, embeddingTable, joined, type Precision, runsOfOne } from '../contract/index.js';
import type { Device } from './device.js';
import { type Packed, packMatrix } from './pack.js';
import { type DeviceMatrix, stacked, uploadMatrix, uploadPair } from './upload.js';

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

const formatName = ({ format }: Packed): string => JSON.stringify(format);
