import type { Blueprint } from '../../architectures/index.js';
import { OUTPUT_GROUPS } from '../../kernels/linear.js';
import type { DecoderShape } from '../contract/index.js';
import type { Commands } from './commands.js';
import type { DeviceWeights } from './matrices.js';
import type { PassBuffers } from './pass-buffers.js';
import type { LinearPrograms, Programs } from './programs.js';
import type { GpuSequence } from './sequence.js';
import type { Splits } from './splits.js';
import type { Step } from './step.js';

/** The buffers of one pass's taps: attention by layer, hidden states by index. */
export interface Taps {
  readonly attention: ReadonlyMap<number, GPUBuffer>;
  readonly hidden: ReadonlyMap<number, GPUBuffer>;
}

/** The rows that a matrix multiplies. */
export interface PassRows {
  readonly rows: number;
  /** Whether they are the only one of its request. Passes of a longer request have the same kernels, however they are cut. */
  readonly single: boolean;
}

const FLOAT = 4;

/** Records the dispatches of a model's passes, layer by layer. */
export class PassRecorder {
  constructor(
    private readonly buffers: PassBuffers,
    private readonly blueprint: Blueprint,
    private readonly shape: DecoderShape,
    private readonly weights: DeviceWeights,
    private readonly programs: Programs,
  ) {}

  /**
   * Records all layers.
   * @param rows new tokens of the pass, after those in the cache
   * @param single whether the request has only one token
   */
  layers(
    commands: Commands,
    sequence: GpuSequence,
    { rows, single }: PassRows,
    splits: Splits,
    taps: Taps,
  ): void {
    const { pass } = this.buffers;
    const { states, normed, qkv, mixed, fed } = this.buffers.activations;
    const passRows = { rows, single };

    for (const [index, steps] of this.programs.layers.entries()) {
      const { norms } = this.weights.layers[index]!;
      this.#copyHidden(index, states, rows, commands, taps);

      if (steps.attentionNorm !== null && !single) {
        commands.run(steps.attentionNorm, this, [pass, states, norms.attentionNorm!, normed], [rows]);
      }
      const { preNorms } = this.blueprint.layers[index]!;
      // A branch without a norm before it reads the states.
      const entering = preNorms ? normed : states;
      this.#linear(commands, steps.projections, entering, qkv, passRows, norms.attentionNorm);
      this.#attention(commands, index, sequence, passRows, splits, taps.attention.get(index));
      const afterAttention = [norms.postAttentionNorm, norms.mlpNorm];
      this.#branch(commands, steps.output, mixed, steps.postAttentionNorm, afterAttention, passRows);
      if (steps.mlpNorm !== null && !single) {
        commands.run(steps.mlpNorm, this, [pass, states, norms.mlpNorm!, normed], [rows]);
      }
      this.#linear(commands, steps.gateAndUp, entering, fed, passRows, norms.mlpNorm);
      const afterMlp = [norms.postMlpNorm, this.weights.layers[index + 1]?.norms.attentionNorm];
      this.#branch(commands, steps.down, fed, steps.postMlpNorm, afterMlp, passRows);
    }
  }

  /**
   * Records a layer's attention: from the projections to the mixed values of its heads.
   * @param tapped where attention rows go; undefined: they are not wanted
   */
  #attention(
    commands: Commands,
    index: number,
    sequence: GpuSequence,
    { rows, single }: PassRows,
    splits: Splits,
    tapped: GPUBuffer | undefined,
  ): void {
    const { heads, group, headDim, windows, windowOf } = this.shape;
    const { qkv, queries, mixed, rotations, references } = this.buffers.activations;
    const [cuts, partials] = [this.buffers.grown('cuts'), this.buffers.grown('partials')];
    const [pieces, shares] = [this.buffers.grown('pieces'), this.buffers.grown('shares')];
    const { pass, maps } = this.buffers;
    const steps = this.programs.layers[index]!;
    const { whole, split, several, perGroup, keyLoads } = steps.attention;
    const { queryKeyNorms } = this.weights.layers[index]!;
    const total = sequence.length + rows;
    const window = windows[windowOf[index]!] ?? total;
    // In a window, each row of a pass sees one key that the next row does not see.
    const seen = Math.min(total, window + rows - 1);
    const isWhole = single && seen <= this.programs.rowSplits.whole;
    const parts = sequence.layer(index);

    for (const part of parts) {
      const { kvHeads, keys, values, layer } = part;
      const weights = queryKeyNorms === null ? [] : [queryKeyNorms];
      const turns = this.blueprint.layers[index]!.attention.rope === null ? [] : [rotations];
      const rotated = [pass, qkv, ...turns, ...weights, queries, keys, values, layer];
      commands.run(steps.rotate, part, rotated, [rows, kvHeads * (group + 2)]);

      const partHeads = kvHeads * group;
      const keyBytes = FLOAT * kvHeads * headDim * seen;
      const flops = 4 * rows * partHeads * headDim * seen;
      const stacks = Math.ceil((rows * group) / perGroup);
      // Each stack of queries, or each head, reads the keys and values of its key-value head.
      const reads = 2 * keyBytes * (single ? group : stacks * keyLoads);
      const work = { bytes: 2 * keyBytes, reads, flops };
      const attended = [pass, queries, keys, values, cuts, maps];
      if (isWhole) {
        commands.run(whole, part, [...attended, mixed, shares, layer, references], [partHeads], work);
      } else {
        const divided = [...attended, partials, pieces, layer];
        if (single) commands.run(split, part, divided, [partHeads, splits.count], work);
        else commands.run(several, part, divided, [kvHeads, stacks, splits.count], work);
      }
    }
    const [{ layer }] = parts as [(typeof parts)[number]];
    if (!isWhole) {
      const combined = [pass, partials, pieces, cuts, maps, mixed, shares, references, layer];
      commands.run(steps.combine, sequence, combined, [heads, rows]);
    }
    if (tapped === undefined) return;
    for (const part of parts) {
      const { kvHeads, keys, layer } = part;
      const keyBytes = FLOAT * kvHeads * headDim * seen;
      const shown = [pass, queries, keys, cuts, references, tapped, layer];
      commands.run(steps.attentionRows, part, shown, [kvHeads * group, rows], {
        bytes: keyBytes,
        reads: keyBytes * group * rows,
        flops: 2 * rows * kvHeads * group * headDim * seen,
      });
    }
  }

  /**
   * Records the last matrix of a branch, which adds the branch to the states. Some families norm the branch first.
   * @param from the input of the matrix
   * @param post the program of that norm; null: no norm
   * @param norms the weights of that norm, and of the next norm that the states go through
   */
  #branch(
    commands: Commands,
    linear: readonly LinearPrograms[],
    from: GPUBuffer,
    post: Step | null,
    norms: readonly (GPUBuffer | undefined)[],
    passRows: PassRows,
  ): void {
    const { states, projected, normed } = this.buffers.activations;
    this.#linear(commands, linear, from, post === null ? states : projected, passRows);
    if (post === null) return;
    const [weight, next] = norms;
    const following = next === undefined ? [] : [next, normed];
    commands.run(post, this, [this.buffers.pass, projected, weight!, states, ...following], [passRows.rows]);
  }

  /**
   * Records a product with a matrix.
   * @param from its input. A program for one row that norms it reads the states instead
   * @param norm the weights of that norm
   */
  #linear(
    commands: Commands,
    parts: readonly LinearPrograms[],
    from: GPUBuffer,
    to: GPUBuffer,
    { rows, single }: PassRows,
    norm?: GPUBuffer,
    pass = this.buffers.pass,
  ): void {
    for (const { matrix, outputs, isNormed, perGroup, inputLoads, tile, ...steps } of parts) {
      const { weight, bias, scales } = matrix;
      const rest = [weight, ...(bias ? [bias] : []), ...(scales ? [scales] : []), to];
      const groups = Math.ceil(outputs / perGroup);
      const bytes = weight.size + (bias?.size ?? 0) + (scales?.size ?? 0);
      const flops = 2 * rows * matrix.inputs * matrix.outputs;
      const rowBytes = FLOAT * matrix.inputs;
      if (single) {
        const grid = [Math.min(groups, OUTPUT_GROUPS), 1, Math.ceil(groups / OUTPUT_GROUPS)] as const;
        const buffers = isNormed ? [this.buffers.activations.states, ...rest, norm!] : [from, ...rest];
        const reads = bytes + groups * inputLoads * rowBytes;
        commands.run(steps.single, this, buffers, grid, { bytes, reads, flops });
      } else {
        const grid = [Math.ceil(rows / tile.rows), Math.ceil(outputs / tile.outputs)] as const;
        const reads = grid[0] * (bytes + grid[1] * tile.rows * rowBytes);
        commands.run(steps.several, this, [pass, from, ...rest], grid, { bytes, reads, flops });
      }
    }
  }

  #copyHidden(index: number, from: GPUBuffer, rows: number, commands: Commands, taps: Taps): void {
    const tapped = taps.hidden.get(index);
    if (tapped) commands.copy(from, tapped, rows * this.blueprint.hiddenSize * FLOAT);
  }

  /**
   * Records the final norm and the output head.
   * @param all rows of the pass
   * @param wanted rows whose logits are wanted, and whether the request wants only one
   */
  head(commands: Commands, all: number, wanted: PassRows, taps: Taps): void {
    const { states, normed } = this.buffers.activations;
    const { finalNorm, head } = this.programs;
    const { length: layers } = this.blueprint.layers;
    const norm = (pass: GPUBuffer, rows: number): void =>
      commands.run(finalNorm, pass, [pass, states, this.weights.finalNorm, normed], [rows]);
    if (taps.hidden.has(layers)) {
      norm(this.buffers.pass, all);
      this.#copyHidden(layers, normed, all, commands, taps);
    }
    if (wanted.rows === 0) return;
    norm(this.buffers.headPass, wanted.rows);
    this.#linear(
      commands,
      head,
      normed,
      this.buffers.grown('logits'),
      wanted,
      undefined,
      this.buffers.headPass,
    );
  }
}
