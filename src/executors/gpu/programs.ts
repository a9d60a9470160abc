import type { Blueprint, LayerBlueprint } from '../../architectures/index.js';
import { attention } from '../../kernels/attention.js';
import { attentionRows } from '../../kernels/attention-rows.js';
import { combine } from '../../kernels/combine.js';
import { type LinearKernel, linear } from '../../kernels/linear.js';
import { type NormKernel, norm } from '../../kernels/norm.js';
import { rotate } from '../../kernels/rotate.js';
import type { Workgroup } from '../../kernels/workgroup.js';
import type { DecoderShape } from '../contract/index.js';
import type { Device } from './device.js';
import type { DeviceMatrix, DeviceWeights, GateAndUp } from './matrices.js';
import { compilePicker, type PickerPrograms } from './picker.js';
import { Step } from './step.js';

/** Rows that a thread processes at once if there is more than one. */
export const ROWS_TILE = 8;

/** How work is divided on a device. */
export interface Tuning {
  /** Threads per workgroup. */
  readonly threads: number;
  /** Threads that share an output of a matrix: a power of two that divides `threads`. */
  readonly lanes: number;
  /** Whether threads exchange values through subgroups if the adapter has them. */
  readonly subgroups: boolean;
  /** New tokens that a pass takes at most. */
  readonly rows: number;
}

/** For a GPU: neighbouring threads read neighbouring memory. */
export const ON_A_GPU: Tuning = { threads: 64, lanes: 16, subgroups: true, rows: 256 };
/** For a software GPU, which runs the threads of a workgroup in turn: 8 were fastest when measured. */
export const ON_A_PROCESSOR: Tuning = { threads: 8, lanes: 1, subgroups: false, rows: 64 };

/** The programs of a matrix, or of a part of its outputs: one for a single row, one for several rows. */
export interface LinearPrograms {
  readonly matrix: DeviceMatrix;
  readonly row: Step;
  readonly rows: Step;
  /** Outputs per workgroup. */
  readonly perGroup: number;
  /** Outputs of the program; with gate and up in one matrix, half the matrix's. */
  readonly outputs: number;
}

/** The programs of one layer, in the order in which they run (`attentionRows` only for taps). */
export interface LayerPrograms {
  /** Null if the layer has no such norm, or the previous layer's `postMlpNorm` includes it. */
  readonly attentionNorm: Step | null;
  readonly projections: readonly LinearPrograms[];
  readonly rotate: Step;
  readonly attention: Step;
  readonly combine: Step;
  readonly attentionRows: Step;
  readonly output: readonly LinearPrograms[];
  /** Includes the MLP's norm if there is one. */
  readonly postAttentionNorm: Step | null;
  /** Null if the layer has no such norm, or `postAttentionNorm` includes it. */
  readonly mlpNorm: Step | null;
  readonly gateAndUp: readonly LinearPrograms[];
  readonly down: readonly LinearPrograms[];
  /** Includes the next layer's first norm if there is one. */
  readonly postMlpNorm: Step | null;
}

/** The programs of a model. */
export interface Programs {
  readonly layers: readonly LayerPrograms[];
  readonly finalNorm: Step;
  readonly head: readonly LinearPrograms[];
  readonly picker: PickerPrograms;
}

/**
 * Compiles a model's programs. Kernels with the same text share one program.
 * @param rows rows that a pass takes at most
 */
export async function compilePrograms(
  device: Device,
  blueprint: Blueprint,
  shape: DecoderShape,
  weights: DeviceWeights,
  tuning: Tuning,
  rows: number,
): Promise<Programs> {
  const { threads, lanes } = tuning;
  const subgroup = tuning.subgroups ? device.subgroupOf(threads) : null;
  const { hiddenSize, normEpsilon, vocabSize, residualScale, logitScale, logitCap } = blueprint;
  const step = (name: string, code: string): Promise<Step> => Step.compile(device, name, code);
  const normStep = (into: NormKernel['into']): Promise<Step> => {
    const scale = into === 'store' ? 1 : residualScale;
    return step('norm', norm({ width: hiddenSize, epsilon: normEpsilon, into, scale, threads, subgroup }));
  };
  /** Compiles the programs of a matrix's parts. They write `columns` columns. */
  const linearSteps: LinearSteps = (name, parts, into, columns, limits = {}) =>
    Promise.all(
      parts.map(async (matrix) => {
        const outputs = into === 'silu' || into === 'gelu-tanh' ? matrix.outputs / 2 : matrix.outputs;
        const { format, inputs, column, bias } = matrix;
        const scale = into === 'add' ? residualScale : 1;
        const kernel = {
          ...{ format, inputs, outputs, columns, column, into, bias: bias !== null },
          ...{ scale, cap: null, ...limits },
          ...{ lanes, threads, subgroup },
        };
        return {
          ...{ matrix, outputs, perGroup: threads / lanes },
          row: await step(name, linear({ ...kernel, tile: 1 })),
          rows: await step(name, linear({ ...kernel, tile: ROWS_TILE })),
        };
      }),
    );

  const layers: LayerPrograms[] = [];
  for (const [index, layer] of blueprint.layers.entries()) {
    const { projections, output, gateAndUp, down } = weights.layers[index]!;
    const { preNorms, postNorms } = layer;
    const [before, after] = [blueprint.layers[index - 1], blueprint.layers[index + 1]];
    layers.push({
      attentionNorm: preNorms && !before?.postNorms ? await normStep('store') : null,
      projections: await linearSteps('query, key, value', projections, 'store', columnsOf(projections)),
      ...(await attentionSteps(
        layer,
        { threads, subgroup },
        normEpsilon,
        (shape.ropeOf[index] ?? 0) * rows,
        step,
      )),
      output: await linearSteps('output', output, postNorms ? 'store' : 'add', hiddenSize),
      postAttentionNorm: postNorms ? await normStep(preNorms ? 'add-and-norm' : 'add') : null,
      mlpNorm: preNorms && !postNorms ? await normStep('store') : null,
      gateAndUp: await gateAndUpSteps(gateAndUp, layer.mlp, linearSteps),
      down: await linearSteps('down', down, postNorms ? 'store' : 'add', hiddenSize),
      postMlpNorm: postNorms ? await normStep(after?.preNorms ? 'add-and-norm' : 'add') : null,
    });
  }
  return {
    layers,
    finalNorm: await normStep('store'),
    head: await linearSteps('head', weights.head, 'store', vocabSize, { scale: logitScale, cap: logitCap }),
    picker: await compilePicker(device, { vocabSize, threads }),
  };
}

type LinearSteps = (
  name: string,
  parts: readonly DeviceMatrix[],
  into: LinearKernel['into'],
  columns: number,
  limits?: Partial<Pick<LinearKernel, 'scale' | 'cap'>>,
) => Promise<LinearPrograms[]>;

/** Query, key and value are written side by side into one buffer, from one matrix or several. */
const columnsOf = (matrices: readonly DeviceMatrix[]): number =>
  matrices.reduce((sum, { outputs }) => sum + outputs, 0);

/** Compiles gate and up: one program for both, or one for up and one that multiplies gate into its result. */
async function gateAndUpSteps(
  matrices: GateAndUp,
  { activation, size }: LayerBlueprint['mlp'],
  linearSteps: LinearSteps,
): Promise<LinearPrograms[]> {
  if ('both' in matrices) return linearSteps('gate and up', matrices.both, activation, size);
  return [
    ...(await linearSteps('up', matrices.up, 'store', size)),
    ...(await linearSteps('gate', matrices.gate, `${activation}-times-y`, size)),
  ];
}

async function attentionSteps(
  { attention: { heads, kvHeads, headDim, scale, scoreCap, window, queryKeyNorm, rope } }: LayerBlueprint,
  workgroup: Workgroup,
  epsilon: number,
  rotationRow: number,
  step: (name: string, code: string) => Promise<Step>,
): Promise<Pick<LayerPrograms, 'rotate' | 'attention' | 'combine' | 'attentionRows'>> {
  const rotationsAt = (rotationRow * headDim) / 2;
  const rotaryDim = rope?.rotaryDim ?? 0;
  const rotation = { heads, kvHeads, headDim, rotaryDim, scale, queryKeyNorm, epsilon, rotationsAt };
  const shape = { heads, kvHeads, headDim, scoreCap, window, ...workgroup };
  return {
    rotate: await step('rotate', rotate({ ...rotation, ...workgroup })),
    attention: await step('attention', attention(shape)),
    combine: await step('combine', combine({ heads, headDim, threads: workgroup.threads })),
    attentionRows: await step('attention rows', attentionRows(shape)),
  };
}
