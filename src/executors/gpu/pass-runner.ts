import type { Blueprint } from '../../architectures/index.js';
import type { DecoderShape, ForwardRequest, ForwardResult } from '../contract/index.js';
import { type CandidateRequest, type Candidates, candidatesOf, Rotations } from '../contract/index.js';
import type { Device } from './device.js';
import type { DeviceWeights } from './matrices.js';
import { PassBuffers } from './pass-buffers.js';
import { addShares, mapsOf, placeRows } from './pass-data.js';
import { PassRecorder, type Splits, type Taps } from './pass-recorder.js';
import { Picker, pickedCandidates } from './picker.js';
import { cutKeys, type Pieces } from './pieces.js';
import type { Profiler } from './profiler.js';
import { MAX_ROWS, type Programs } from './programs.js';
import { ReadBack, type Reading } from './read-back.js';
import { Recorder } from './recorder.js';
import type { GpuSequence } from './sequence.js';

/** One pass: up to {@link MAX_ROWS} of a request's tokens. */
export interface PassInput {
  readonly request: ForwardRequest;
  readonly sequence: GpuSequence;
  readonly tokens: readonly number[] | Int32Array;
  /** The index of the first of these tokens in the request. */
  readonly row: number;
  /** Receives the results. */
  readonly result: ForwardResult;
  /** Times the kernels; null: no timing. */
  readonly profiler: Profiler | null;
  /** Throws if the pass was aborted, or its sequence or executor disposed of. Called after every wait. */
  readonly check: () => void;
}

/** Keys that justify a workgroup of their own. */
const SPLIT_KEYS = 256;
/** The keys of a split are a multiple of this, so that they fill whole tiles for any number of threads. */
const WHOLE_TILES = 64;
const FLOAT = 4;

/** Runs a model's passes: writes the inputs, records the dispatches, and reads back the results. */
export class PassRunner {
  readonly #rotations: Rotations;
  readonly #buffers: PassBuffers;
  readonly #passes: PassRecorder;
  readonly #picker: Picker;
  readonly #readBack: ReadBack;

  /** Call this inside `device.allocate`. */
  constructor(
    private readonly device: Device,
    private readonly blueprint: Blueprint,
    private readonly shape: DecoderShape,
    private readonly weights: DeviceWeights,
    programs: Programs,
  ) {
    this.#rotations = new Rotations(shape.ropes);
    this.#buffers = new PassBuffers(device, blueprint, shape);
    this.#passes = new PassRecorder(this.#buffers, blueprint, shape, weights, programs);
    this.#picker = new Picker(device, programs.picker, blueprint.vocabSize);
    this.#readBack = new ReadBack(device);
  }

  /**
   * Runs a pass.
   * @returns the last row's candidates, or null if they are not wanted
   * @throws HoldfastError `E_EXECUTOR`, and what `input.check` throws; the sequence is then unchanged
   */
  async run(input: PassInput): Promise<Candidates | null> {
    const { request, sequence, tokens } = input;
    const total = sequence.length + tokens.length;
    const pieces = cutKeys(request.spans ?? [], request.intervention?.target ?? [], total);
    const splits = splitsOf(tokens.length, total);
    await this.#makeRoom(input, pieces, splits, total);
    const taps = await this.#makeTaps(input, total);
    try {
      const wanted = this.#candidatesWanted(input);
      let candidates: Candidates | null = null;
      const readings = [
        ...this.#logitsReadings(input),
        ...this.#shareReadings(input, pieces),
        ...this.#tapReadings(input, taps, total),
      ];
      const isPicked = wanted !== null && this.#picker.canPick(wanted);
      if (isPicked) {
        readings.push({
          buffer: this.#picker.picked,
          words: Picker.pickedWords,
          take: (floats) => {
            candidates = pickedCandidates(floats, wanted, this.blueprint.vocabSize);
          },
        });
      } else if (wanted !== null) {
        readings.push({
          buffer: this.#buffers.grown('logits'),
          words: this.blueprint.vocabSize,
          take: (floats) => {
            candidates = candidatesOf(floats, wanted);
          },
        });
      }
      await this.#readBack.makeRoom(readings);
      input.check();
      this.#writeInputs(input, pieces, splits);
      if (isPicked) this.#picker.write(wanted);
      const refused = this.device.submit((encoder) => {
        const recorder = new Recorder(encoder, input.profiler);
        this.#passes.layers(recorder, sequence, tokens.length, splits, taps);
        this.#passes.head(recorder, tokens.length, this.#logitsRows(input), taps);
        if (isPicked) this.#picker.record(recorder, this.#buffers.grown('logits'));
        this.#readBack.record(readings, recorder);
        recorder.end();
        input.profiler?.resolve(encoder);
      });
      await this.#readBack.take(readings, refused);
      if (wanted !== null) candidates ??= candidatesOf(await this.#allLogits(), wanted);
      input.check();
      sequence.extend(tokens.length);
      return candidates;
    } finally {
      for (const buffer of [...taps.attention.values(), ...taps.hidden.values()]) this.device.free(buffer);
    }
  }

  /** Reads all logits of the last pass's last row, for a draw that can reach further than the picked candidates. */
  async #allLogits(): Promise<Float32Array> {
    const { vocabSize: words } = this.blueprint;
    let logits = new Float32Array(0);
    const take = (floats: Float32Array): void => {
      logits = floats.slice();
    };
    const readings = [{ buffer: this.#buffers.grown('logits'), words, take }];
    await this.#readBack.makeRoom(readings);
    const refused = this.device.submit((encoder) => this.#readBack.record(readings, new Recorder(encoder)));
    await this.#readBack.take(readings, refused);
    return logits;
  }

  #makeRoom(
    { request, sequence, tokens: { length: rows }, check }: PassInput,
    { firsts }: Pieces,
    splits: Splits,
    total: number,
  ): Promise<void> {
    const { layers, heads } = this.shape;
    const wanted = {
      tags: total,
      firsts: firsts.length,
      pieces: rows * heads * splits.count * firsts.length * 2,
      shares: layers * heads * rows * firsts.length * 2,
      logits: (request.logits === 'all' ? rows : 1) * this.blueprint.vocabSize,
    };
    return this.#buffers.makeRoom(wanted, sequence, total, check);
  }

  async #makeTaps({ request, tokens }: PassInput, total: number): Promise<Taps> {
    const { attention = [], hidden = [] } = request.taps ?? {};
    if (attention.length === 0 && hidden.length === 0) return { attention: new Map(), hidden: new Map() };
    const rows = tokens.length;
    const make = (what: string, floats: number): GPUBuffer => this.device.storage(what, floats * FLOAT);
    const each = (places: readonly number[], what: string, floats: number): Map<number, GPUBuffer> =>
      new Map([...new Set(places)].map((place) => [place, make(what, floats)]));
    return this.device.allocate('the taps', () => ({
      attention: each(attention, 'attention rows', this.shape.heads * rows * total),
      hidden: each(hidden, 'hidden states', rows * this.blueprint.hiddenSize),
    }));
  }

  #writeInputs({ request, sequence, tokens }: PassInput, { tags, firsts }: Pieces, splits: Splits): void {
    const { device } = this;
    const past = sequence.length;
    const rows = tokens.length;
    const pass = (rows: number, from: number): Uint32Array =>
      Uint32Array.of(rows, past, firsts.length, splits.count, splits.keys, sequence.capacity, from, 0);
    device.write(this.#buffers.pass, pass(rows, 0));
    device.write(this.#buffers.headPass, request.logits === 'all' ? pass(rows, 0) : pass(1, rows - 1));
    const { hiddenSize } = this.blueprint;
    const embedded = new Float32Array(rows * hiddenSize);
    for (const [row, id] of tokens.entries()) {
      this.weights.embedding.read(id, embedded.subarray(row * hiddenSize, (row + 1) * hiddenSize));
    }
    device.write(this.#buffers.activations.states, embedded);
    for (const [rope, table] of this.#rotations.of(sequence.contextLength).entries()) {
      const { cos, sin } = table.rows(past, past + rows);
      const pairs = new Float32Array(2 * cos.length);
      for (let i = 0; i < cos.length; i++) {
        pairs[2 * i] = cos[i]!;
        pairs[2 * i + 1] = sin[i]!;
      }
      device.write(this.#buffers.rotations, pairs, rope * MAX_ROWS * this.shape.headDim * FLOAT);
    }
    device.write(this.#buffers.grown('tags'), tags);
    device.write(this.#buffers.grown('firsts'), firsts);
    device.write(this.#buffers.maps, mapsOf(request, this.shape));
  }

  /** Returns how many rows of the pass need logits. */
  #logitsRows({ request, tokens, row }: PassInput): number {
    const isLast = row + tokens.length === request.tokens.length;
    return request.logits === 'all' ? tokens.length : request.logits !== 'none' && isLast ? 1 : 0;
  }

  /** Returns the candidates wanted from this pass; null: none. */
  #candidatesWanted(input: PassInput): CandidateRequest | null {
    const { logits } = input.request;
    return typeof logits === 'object' && this.#logitsRows(input) === 1 ? logits : null;
  }

  #logitsReadings(input: PassInput): Reading[] {
    const { request, row, result } = input;
    const { vocabSize } = this.blueprint;
    const rows = typeof request.logits === 'object' ? 0 : this.#logitsRows(input);
    if (rows === 0) return [];
    const at = request.logits === 'all' ? row * vocabSize : 0;
    const take = (floats: Float32Array): void => result.logits.set(floats, at);
    return [{ buffer: this.#buffers.grown('logits'), words: rows * vocabSize, take }];
  }

  #shareReadings({ request, tokens, row, result }: PassInput, pieces: Pieces): Reading[] {
    if (!request.spans && !request.intervention) return [];
    const { layers, heads } = this.shape;
    const words = layers * heads * tokens.length * pieces.firsts.length * 2;
    const take = (floats: Float32Array): void => addShares(floats, pieces, this.shape, request, result, row);
    return [{ buffer: this.#buffers.grown('shares'), words, take }];
  }

  #tapReadings({ request, tokens, row, result }: PassInput, taps: Taps, total: number): Reading[] {
    const rows = tokens.length;
    const { heads } = this.shape;
    const attention = [...taps.attention].map(([layer, buffer]): Reading => {
      const take = (floats: Float32Array): void =>
        placeRows(floats, { heads, rows, total }, result.attention.get(layer)!, row, request.tokens.length);
      return { buffer, words: heads * rows * total, take };
    });
    const { hiddenSize } = this.blueprint;
    const hidden = [...taps.hidden].map(([index, buffer]): Reading => {
      const take = (floats: Float32Array): void => result.hidden.get(index)!.set(floats, row * hiddenSize);
      return { buffer, words: rows * hiddenSize, take };
    });
    return [...attention, ...hidden];
  }
}

/**
 * Returns how to split the keys: one split if there are enough rows to fill a GPU. It depends only on the pass, so that
 * equal passes round alike.
 */
function splitsOf(rows: number, total: number): Splits {
  const most = Math.max(1, Math.floor(MAX_ROWS / rows));
  const wanted = Math.min(most, Math.ceil(total / SPLIT_KEYS));
  const keys = Math.ceil(total / wanted / WHOLE_TILES) * WHOLE_TILES;
  return { count: Math.ceil(total / keys), keys };
}
