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
import type { DeviceMatrix, DeviceWeights } from './matrices.js';
import { compilePicker, type PickerPrograms } from './picker.js';
import { Step } from './step.js';

/** The maximum number of new tokens in a pass; a multiple of {@link ROWS_TILE}. */
export const MAX_ROWS = 64;

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
}

/** For a GPU: neighbouring threads read neighbouring memory. */
export const ON_A_GPU: Tuning = { threads: 64, lanes: 16, subgroups: true };
/** For a software GPU, which runs the threads of a workgroup in turn: 8 were fastest when measured. */
export const ON_A_PROCESSOR: Tuning = { threads: 8, lanes: 1, subgroups: false };

/** A matrix's programs: one for a single row, one for several rows. */
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
  readonly output: LinearPrograms;
  /** Includes the MLP's norm if there is one. */
  readonly postAttentionNorm: Step | null;
  /** Null if the layer has no such norm, or `postAttentionNorm` includes it. */
  readonly mlpNorm: Step | null;
  readonly gateAndUp: readonly LinearPrograms[];
  readonly down: LinearPrograms;
  /** Includes the next layer's first norm if there is one. */
  readonly postMlpNorm: Step | null;
}

/** The programs of a model. */
export interface Programs {
  readonly layers: readonly LayerPrograms[];
  readonly finalNorm: Step;
  readonly head: LinearPrograms;
  readonly picker: PickerPrograms;
}

/** Compiles a model's programs. Kernels with the same text share one program. */
export async function compilePrograms(
  device: Device,
  blueprint: Blueprint,
  shape: DecoderShape,
  weights: DeviceWeights,
  tuning: Tuning,
): Promise<Programs> {
  const { threads, lanes } = tuning;
  const subgroup = tuning.subgroups ? device.subgroupOf(threads) : null;
  const { hiddenSize, normEpsilon, vocabSize, residualScale, logitScale, logitCap } = blueprint;
  const step = (name: string, code: string): Promise<Step> => Step.compile(device, name, code);
  const normStep = (into: NormKernel['into']): Promise<Step> => {
    const scale = into === 'store' ? 1 : residualScale;
    return step('norm', norm({ width: hiddenSize, epsilon: normEpsilon, into, scale, threads, subgroup }));
  };
  const linearSteps = async (
    name: string,
    matrix: DeviceMatrix,
    into: LinearKernel['into'],
    columns: number,
    column = 0,
    { scale, cap }: Pick<LinearKernel, 'scale' | 'cap'> = {
      scale: into === 'add' ? residualScale : 1,
      cap: null,
    },
  ): Promise<LinearPrograms> => {
    const outputs = into === 'silu' || into === 'gelu-tanh' ? matrix.outputs / 2 : matrix.outputs;
    const { format, inputs } = matrix;
    const kernel = {
      format,
      inputs,
      outputs,
      columns,
      column,
      into,
      bias: matrix.bias !== null,
      scale,
      cap,
      lanes,
      threads,
      subgroup,
    };
    return {
      matrix,
      outputs,
      perGroup: threads / lanes,
      row: await step(name, linear({ ...kernel, tile: 1 })),
      rows: await step(name, linear({ ...kernel, tile: ROWS_TILE })),
    };
  };

  const layers: LayerPrograms[] = [];
  for (const [index, layer] of blueprint.layers.entries()) {
    const { projections, output, gateAndUp, down } = weights.layers[index]!;
    const { preNorms, postNorms } = layer;
    const [before, after] = [blueprint.layers[index - 1], blueprint.layers[index + 1]];
    layers.push({
      attentionNorm: preNorms && !before?.postNorms ? await normStep('store') : null,
      projections: await projectionSteps(projections, linearSteps),
      ...(await attentionSteps(layer, { threads, subgroup }, normEpsilon, shape.ropeOf[index]!, step)),
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
    head: await linearSteps('head', weights.head, 'store', vocabSize, 0, {
      scale: logitScale,
      cap: logitCap,
    }),
    picker: await compilePicker(device, { vocabSize, threads }),
  };
}

/**
 * Compiles the projections. They write query, key and value side by side into one buffer, from one matrix or several.
 */
async function projectionSteps(
  matrices: readonly DeviceMatrix[],
  linearSteps: (
    name: string,
    matrix: DeviceMatrix,
    into: 'store',
    columns: number,
    column: number,
  ) => Promise<LinearPrograms>,
): Promise<LinearPrograms[]> {
  const columns = matrices.reduce((sum, { outputs }) => sum + outputs, 0);
  const steps: LinearPrograms[] = [];
  let column = 0;
  for (const matrix of matrices) {
    steps.push(await linearSteps('query, key, value', matrix, 'store', columns, column));
    column += matrix.outputs;
  }
  return steps;
}

/** Compiles gate and up: one program for both, or one for up and one that multiplies gate into its result. */
async function gateAndUpSteps(
  [first, gate]: readonly DeviceMatrix[],
  { activation, size }: LayerBlueprint['mlp'],
  linearSteps: (
    name: string,
    matrix: DeviceMatrix,
    into: LinearKernel['into'],
    columns: number,
  ) => Promise<LinearPrograms>,
): Promise<LinearPrograms[]> {
  if (gate === undefined) return [await linearSteps('gate and up', first!, activation, size)];
  return [
    await linearSteps('up', first!, 'store', size),
    await linearSteps('gate', gate, `${activation}-times-y`, size),
  ];
}

async function attentionSteps(
  { attention: { heads, kvHeads, headDim, scale, scoreCap, window, queryKeyNorm, rope } }: LayerBlueprint,
  workgroup: Workgroup,
  epsilon: number,
  ropeIndex: number | null,
  step: (name: string, code: string) => Promise<Step>,
): Promise<Pick<LayerPrograms, 'rotate' | 'attention' | 'combine' | 'attentionRows'>> {
  const rotationsAt = ((ropeIndex ?? 0) * MAX_ROWS * headDim) / 2;
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
