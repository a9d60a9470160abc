import type { Blueprint, LayerBlueprint } from '../../architectures/index.js';
import { attention } from '../../kernels/attention.js';
import { attentionRows } from '../../kernels/attention-rows.js';
import { attentionTiled, keyLoads, queriesOf } from '../../kernels/attention-tiled.js';
import { combine } from '../../kernels/combine.js';
import { inputLoads, linear, outputsPerGroup } from '../../kernels/linear.js';
import { linearTiled, tileOf } from '../../kernels/linear-tiled.js';
import type { MatrixKernel } from '../../kernels/matrix.js';
import { type NormKernel, norm } from '../../kernels/norm.js';
import { rotate } from '../../kernels/rotate.js';
import type { Threads, Workgroup } from '../../kernels/workgroup.js';
import type { DecoderShape } from '../contract/index.js';
import { compileNote } from './compile-note.js';
import type { Device } from './device.js';
import type { DeviceWeights, GateAndUp } from './matrices.js';
import { compilePicker, type PickerPrograms } from './picker.js';
import type { RowSplits } from './splits.js';
import { type CompileStep, Step } from './step.js';
import type { DeviceMatrix } from './upload.js';

/** How work is divided on a device. */
export interface Tuning {
  /** Threads per workgroup. */
  readonly threads: number;
  /** Threads that share outputs of a matrix for one row: a power of two that divides `threads`. */
  readonly lanes: number;
  /** Whether threads exchange values through subgroups if the adapter has them. */
  readonly subgroups: boolean;
  /** Threads per workgroup of attention for one row, and how its keys are divided. */
  readonly attention: Threads & RowSplits;
  /** New tokens that a pass takes at most. */
  readonly rows: number;
}

/** For a GPU: neighbouring threads read neighbouring memory. */
export const ON_A_GPU: Tuning = {
  ...{ threads: 64, lanes: 32, subgroups: true, rows: 256 },
  // A dispatch costs about as much as a workgroup takes for 1,000 keys.
  attention: { threads: 256, whole: 2048, split: 512 },
};
/** For a software GPU, which runs the threads of a workgroup in turn: 8 were fastest when measured. */
export const ON_A_PROCESSOR: Tuning = {
  ...{ threads: 8, lanes: 1, subgroups: false, rows: 64 },
  attention: { threads: 8, whole: 256, split: 256 },
};

/** The programs of a matrix, or of a part of its outputs: one for a single row, and one for several. */
export interface LinearPrograms {
  readonly single: Step;
  readonly several: Step;
  readonly matrix: DeviceMatrix;
  /** Whether `single` norms its input. `several` never does: its workgroups would repeat the norm of every row. */
  readonly isNormed: boolean;
  /** Outputs of a workgroup of `single`. */
  readonly perGroup: number;
  /** How often a workgroup of `single` loads its input. */
  readonly inputLoads: number;
  /** Rows and outputs of a workgroup of `several`. */
  readonly tile: { readonly rows: number; readonly outputs: number };
  /** Outputs of the program; with gate and up in one matrix, half the matrix's. */
  readonly outputs: number;
}

/** The programs of a layer's attention. */
export interface AttentionPrograms {
  /** For a single row of few keys; it also combines. */
  readonly whole: Step;
  /** For a split of a single row's keys. */
  readonly split: Step;
  readonly several: Step;
  /** Queries of a workgroup of `several`. */
  readonly perGroup: number;
  /** How often a workgroup of `several` loads each key and value. */
  readonly keyLoads: number;
}

/** The programs of one layer, in the order in which they run (`attentionRows` only for taps). */
export interface LayerPrograms {
  /**
   * Null if the layer has no such norm, or the previous layer's `postMlpNorm` includes it. For one row, the projections
   * include it.
   */
  readonly attentionNorm: Step | null;
  readonly projections: readonly LinearPrograms[];
  readonly rotate: Step;
  readonly attention: AttentionPrograms;
  readonly combine: Step;
  readonly attentionRows: Step;
  readonly output: readonly LinearPrograms[];
  /** Includes the MLP's norm if there is one. */
  readonly postAttentionNorm: Step | null;
  /** Null if the layer has no such norm, or `postAttentionNorm` includes it. For one row, `gateAndUp` includes it. */
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
  /** How the keys of a single row are divided. */
  readonly rowSplits: RowSplits;
}

/**
 * Compiles a model's programs. Kernels with the same text share one program.
 * @param rows rows that a pass takes at most
 * @param onCompiled called at the start and after each program, with the number compiled and the number of all; default: it tells
 * a note after a second
 */
export async function compilePrograms(
  device: Device,
  blueprint: Blueprint,
  shape: DecoderShape,
  weights: DeviceWeights,
  tuning: Tuning,
  rows: number,
  onCompiled: (done: number, total: number) => void = compileNote(),
): Promise<Programs> {
  const { threads, lanes } = tuning;
  const { whole, split } = tuning.attention;
  const dividedBy = (threads: number): Workgroup => ({
    threads,
    subgroup: tuning.subgroups ? device.subgroupOf(threads) : null,
  });
  const workgroup = dividedBy(threads);
  const { subgroup } = workgroup;
  const { hiddenSize, normEpsilon, vocabSize, residualScale, logitScale, logitCap } = blueprint;
  const [texts, compiled] = [new Set<string>(), new Set<string>()];
  // All compilations begin before the first ends, so the total is known by then.
  const step: CompileStep = async (name, code) => {
    texts.add(code);
    const made = await Step.compile(device, name, code);
    if (!compiled.has(code)) onCompiled(compiled.add(code).size, texts.size);
    return made;
  };
  const normStep = (into: NormKernel['into']): Promise<Step> => {
    const scale = into === 'store' ? 1 : residualScale;
    return step('norm', norm({ width: hiddenSize, epsilon: normEpsilon, into, scale, threads, subgroup }));
  };
  /** Compiles the programs of a matrix's parts. They write `columns` columns. */
  const linearSteps: LinearSteps = (name, parts, into, columns, { isNormed = false, ...limits } = {}) =>
    Promise.all(
      parts.map(async (matrix) => {
        const outputs = into === 'silu' || into === 'gelu-tanh' ? matrix.outputs / 2 : matrix.outputs;
        const { format, inputs, column, bias } = matrix;
        const scale = into === 'add' ? residualScale : 1;
        const kernel = {
          ...{ format, inputs, outputs, columns, column, into, bias: bias !== null },
          ...{ scale, cap: null, ...limits },
        };
        return {
          ...{ matrix, outputs, isNormed, perGroup: outputsPerGroup(tuning), tile: tileOf(tuning) },
          inputLoads: inputLoads(tuning, isNormed),
          ...(await together({
            single: step(
              name,
              linear({ ...kernel, lanes, threads, subgroup, normEpsilon: isNormed ? normEpsilon : null }),
            ),
            several: step(name, linearTiled({ ...kernel, threads })),
          })),
        };
      }),
    );

  const ofOneRow = { ...dividedBy(tuning.attention.threads), whole, split };
  const layerSteps = async (layer: LayerBlueprint, index: number): Promise<LayerPrograms> => {
    const { projections, output, gateAndUp, down } = weights.layers[index]!;
    const { preNorms, postNorms } = layer;
    const [before, after] = [blueprint.layers[index - 1], blueprint.layers[index + 1]];
    const rotationRow = (shape.ropeOf[index] ?? 0) * rows;
    const isNormed = { attention: preNorms && !before?.postNorms, mlp: preNorms && !postNorms };
    const { attention, ...steps } = await together({
      attentionNorm: isNormed.attention ? normStep('store') : null,
      projections: linearSteps('query, key, value', projections, 'store', columnsOf(projections), {
        isNormed: isNormed.attention,
      }),
      attention: attentionSteps(layer, workgroup, ofOneRow, normEpsilon, rotationRow, step),
      output: linearSteps('output', output, postNorms ? 'store' : 'add', hiddenSize),
      postAttentionNorm: postNorms ? normStep(preNorms ? 'add-and-norm' : 'add') : null,
      mlpNorm: isNormed.mlp ? normStep('store') : null,
      gateAndUp: gateAndUpSteps(gateAndUp, layer.mlp, linearSteps, isNormed.mlp),
      down: linearSteps('down', down, postNorms ? 'store' : 'add', hiddenSize),
      postMlpNorm: postNorms ? normStep(after?.preNorms ? 'add-and-norm' : 'add') : null,
    });
    return { ...steps, ...attention };
  };
  const programs = together({
    layers: Promise.all(blueprint.layers.map(layerSteps)),
    finalNorm: normStep('store'),
    head: linearSteps('head', weights.head, 'store', vocabSize, { scale: logitScale, cap: logitCap }),
    picker: compilePicker(step, { vocabSize, threads }),
    rowSplits: { whole, split },
  });
  onCompiled(0, texts.size);
  return programs;
}

/** Awaits all fields at once: a driver compiles several programs in parallel. */
async function together<Fields extends object>(
  fields: Fields,
): Promise<{ [Name in keyof Fields]: Awaited<Fields[Name]> }> {
  const entries = Object.entries(fields).map(async ([name, value]) => [name, await value] as const);
  return Object.fromEntries(await Promise.all(entries)) as { [Name in keyof Fields]: Awaited<Fields[Name]> };
}

type LinearSteps = (
  name: string,
  parts: readonly DeviceMatrix[],
  into: MatrixKernel['into'],
  columns: number,
  options?: Partial<Pick<MatrixKernel, 'scale' | 'cap'> & Pick<LinearPrograms, 'isNormed'>>,
) => Promise<LinearPrograms[]>;

/** Query, key and value are written side by side into one buffer, from one matrix or several. */
const columnsOf = (matrices: readonly DeviceMatrix[]): number =>
  matrices.reduce((sum, { outputs }) => sum + outputs, 0);

/** Compiles gate and up: one program for both, or one for up and one that multiplies gate into its result. */
async function gateAndUpSteps(
  matrices: GateAndUp,
  { activation, size }: LayerBlueprint['mlp'],
  linearSteps: LinearSteps,
  isNormed: boolean,
): Promise<LinearPrograms[]> {
  if ('both' in matrices) return linearSteps('gate and up', matrices.both, activation, size, { isNormed });
  const { up, gate } = await together({
    up: linearSteps('up', matrices.up, 'store', size, { isNormed }),
    gate: linearSteps('gate', matrices.gate, `${activation}-times-y`, size, { isNormed }),
  });
  return [...up, ...gate];
}

async function attentionSteps(
  { attention: { heads, kvHeads, headDim, scale, scoreCap, window, queryKeyNorm, rope } }: LayerBlueprint,
  workgroup: Workgroup,
  ofOneRow: Workgroup & RowSplits,
  epsilon: number,
  rotationRow: number,
  step: CompileStep,
): Promise<Pick<LayerPrograms, 'rotate' | 'attention' | 'combine' | 'attentionRows'>> {
  const rotationsAt = (rotationRow * headDim) / 2;
  const rotaryDim = rope?.rotaryDim ?? 0;
  const rotation = { heads, kvHeads, headDim, rotaryDim, scale, queryKeyNorm, epsilon, rotationsAt };
  const sizes = { heads, kvHeads, headDim, scoreCap, window };
  const shape = { ...sizes, ...workgroup };
  const oneRow = { ...sizes, ...ofOneRow };
  const { whole, split, several, ...steps } = await together({
    rotate: step('rotate', rotate({ ...rotation, ...workgroup })),
    whole: step('attention', attention({ ...oneRow, keys: ofOneRow.whole, isWhole: true })),
    split: step('attention', attention({ ...oneRow, keys: ofOneRow.split, isWhole: false })),
    several: step('attention', attentionTiled(shape)),
    combine: step('combine', combine(shape)),
    attentionRows: step('attention rows', attentionRows(shape)),
  });
  return {
    ...steps,
    attention: { whole, split, several, perGroup: queriesOf(shape), keyLoads: keyLoads(shape) },
  };
}
