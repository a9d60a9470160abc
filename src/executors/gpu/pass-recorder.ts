import type { Blueprint } from '../../architectures/index.js';
import { OUTPUT_GROUPS } from '../../kernels/linear.js';
import type { DecoderShape } from '../contract/index.js';
import type { DeviceWeights } from './matrices.js';
import type { PassBuffers } from './pass-buffers.js';
import { type LinearPrograms, type Programs, ROWS_TILE } from './programs.js';
import type { Recorder } from './recorder.js';
import type { GpuSequence } from './sequence.js';
import type { Step } from './step.js';

/** How the keys of a pass are divided among workgroups. */
export interface Splits {
  readonly count: number;
  /** Keys per split. */
  readonly keys: number;
}

/** The buffers of one pass's taps: attention by layer, hidden states by index. */
export interface Taps {
  readonly attention: ReadonlyMap<number, GPUBuffer>;
  readonly hidden: ReadonlyMap<number, GPUBuffer>;
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

  /** Records all layers. @param rows new tokens of the pass, after those in the cache */
  layers(recorder: Recorder, sequence: GpuSequence, rows: number, splits: Splits, taps: Taps): void {
    const total = sequence.length + rows;
    const { heads, kvHeads, headDim, windows, windowOf } = this.shape;
    const { states, normed, qkv, queries, mixed, fed } = this.buffers.activations;
    const [tags, firsts] = [this.buffers.grown('tags'), this.buffers.grown('firsts')];
    const [pieces, shares] = [this.buffers.grown('pieces'), this.buffers.grown('shares')];
    const { pass, maps, partials, references } = this.buffers;

    for (const [index, steps] of this.programs.layers.entries()) {
      const { norms, queryKeyNorms } = this.weights.layers[index]!;
      const { keys, values } = sequence.layer(index);
      const layer = this.buffers.layers[index]!;
      this.#copyHidden(index, states, rows, recorder, taps);

      if (steps.attentionNorm !== null) {
        recorder.run(steps.attentionNorm, this, [pass, states, norms.attentionNorm!, normed], [rows]);
      }
      const { preNorms, attention } = this.blueprint.layers[index]!;
      // A branch without a norm before it reads the states.
      const entering = preNorms ? normed : states;
      for (const projection of steps.projections) this.#linear(recorder, projection, entering, qkv, rows);
      const rotations = attention.rope === null ? [] : [this.buffers.rotations];
      const weights = queryKeyNorms === null ? [] : [queryKeyNorms];
      const rotated = [pass, qkv, ...rotations, ...weights, queries, keys, values];
      recorder.run(steps.rotate, sequence, rotated, [rows, heads + 2 * kvHeads]);

      // In a window, each row of a pass sees one key that the next row does not see.
      const seen = Math.min(total, (windows[windowOf[index]!] ?? total) + rows - 1);
      const keyBytes = FLOAT * kvHeads * headDim * seen;
      const attended = [pass, queries, keys, values, tags, maps, partials, pieces, layer];
      recorder.run(steps.attention, sequence, attended, [heads, rows, splits.count], 2 * keyBytes);
      const combined = [pass, partials, pieces, firsts, maps, mixed, shares, references, layer];
      recorder.run(steps.combine, this, combined, [heads, rows]);
      const tapped = taps.attention.get(index);
      if (tapped) {
        const shown = [pass, queries, keys, tags, references, tapped];
        recorder.run(steps.attentionRows, sequence, shown, [heads, rows], keyBytes);
      }

      const afterAttention = [norms.postAttentionNorm, norms.mlpNorm];
      this.#branch(recorder, steps.output, mixed, steps.postAttentionNorm, afterAttention, rows);
      if (steps.mlpNorm !== null) {
        recorder.run(steps.mlpNorm, this, [pass, states, norms.mlpNorm!, normed], [rows]);
      }
      for (const matrix of steps.gateAndUp) this.#linear(recorder, matrix, entering, fed, rows);
      const afterMlp = [norms.postMlpNorm, this.weights.layers[index + 1]?.norms.attentionNorm];
      this.#branch(recorder, steps.down, fed, steps.postMlpNorm, afterMlp, rows);
    }
  }

  /**
   * Records the last matrix of a branch, which adds the branch to the states. Some families norm the branch first.
   * @param from the input of the matrix
   * @param post the program of that norm; null: no norm
   * @param norms the weights of that norm, and of the next norm that the states go through
   */
  #branch(
    recorder: Recorder,
    linear: LinearPrograms,
    from: GPUBuffer,
    post: Step | null,
    norms: readonly (GPUBuffer | undefined)[],
    rows: number,
  ): void {
    const { states, projected, normed } = this.buffers.activations;
    this.#linear(recorder, linear, from, post === null ? states : projected, rows);
    if (post === null) return;
    const [weight, next] = norms;
    const following = next === undefined ? [] : [next, normed];
    recorder.run(post, this, [this.buffers.pass, projected, weight!, states, ...following], [rows]);
  }

  #linear(
    recorder: Recorder,
    { matrix, row, rows: several, perGroup, outputs }: LinearPrograms,
    from: GPUBuffer,
    to: GPUBuffer,
    rows: number,
    pass = this.buffers.pass,
  ): void {
    const { weight, bias, scales } = matrix;
    const buffers = [pass, from, weight, ...(bias ? [bias] : []), ...(scales ? [scales] : []), to];
    const groups = Math.ceil(outputs / perGroup);
    const [step, tiles] = rows === 1 ? [row, 1] : [several, Math.ceil(rows / ROWS_TILE)];
    const grid = [Math.min(groups, OUTPUT_GROUPS), tiles, Math.ceil(groups / OUTPUT_GROUPS)] as const;
    const bytes = weight.size + (bias?.size ?? 0) + (scales?.size ?? 0);
    recorder.run(step, this, buffers, grid, bytes);
  }

  #copyHidden(index: number, from: GPUBuffer, rows: number, recorder: Recorder, taps: Taps): void {
    const tapped = taps.hidden.get(index);
    if (tapped) recorder.copy(from, tapped, rows * this.blueprint.hiddenSize * FLOAT);
  }

  /**
   * Records the final norm and the output head.
   * @param all rows of the pass
   * @param wanted rows whose logits are wanted
   */
  head(recorder: Recorder, all: number, wanted: number, taps: Taps): void {
    const { states, normed } = this.buffers.activations;
    const { finalNorm, head } = this.programs;
    const { length: layers } = this.blueprint.layers;
    const norm = (pass: GPUBuffer, rows: number): void =>
      recorder.run(finalNorm, pass, [pass, states, this.weights.finalNorm, normed], [rows]);
    if (taps.hidden.has(layers)) {
      norm(this.buffers.pass, all);
      this.#copyHidden(layers, normed, all, recorder, taps);
    }
    if (wanted === 0) return;
    norm(this.buffers.headPass, wanted);
    this.#linear(recorder, head, normed, this.buffers.grown('logits'), wanted, this.buffers.headPass);
  }
}
