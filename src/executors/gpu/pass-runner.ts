import type { Blueprint } from '../../architectures/index.js';
import { partialSize } from '../../kernels/attention.js';
import type { DecoderShape, ForwardRequest } from '../contract/index.js';
import { type CandidateRequest, type Candidates, candidatesOf, Rotations } from '../contract/index.js';
import { type Command, Commands } from './commands.js';
import type { Device } from './device.js';
import type { DeviceWeights } from './matrices.js';
import type { Pace } from './pace.js';
import { PassBuffers } from './pass-buffers.js';
import { mapsOf } from './pass-data.js';
import { candidatesWanted, logitsRows, type PassInput, resultReadings } from './pass-readings.js';
import { PassRecorder, type Taps } from './pass-recorder.js';
import { Picker, pickedCandidates } from './picker.js';
import { cutKeys, type Pieces } from './pieces.js';
import type { LinearPrograms, Programs } from './programs.js';
import { ReadBack, type Reading } from './read-back.js';
import type { GpuSequence } from './sequence.js';
import { type Splits, splitsOf } from './splits.js';
import { Submitter } from './submitter.js';

/** A pass whose commands are in the queue. */
export interface StartedPass {
  /**
   * Resolves when the results have arrived, with the last row's candidates, or null if they are not wanted. It rejects
   * with `E_EXECUTOR` if the device refused the pass or was lost.
   */
  readonly results: Promise<Candidates | null>;
}

/** The results of a pass take at most this, unless one row takes more. */
const RESULT_BYTES = 64 * 2 ** 20;
const FLOAT = 4;

/** Runs a model's passes: writes the inputs, records the dispatches, and reads back the results. */
export class PassRunner {
  readonly #rotations: Rotations;
  readonly #buffers: PassBuffers;
  readonly #passes: PassRecorder;
  readonly #picker: Picker;
  readonly #readBack: ReadBack;
  readonly #submitter: Submitter;
  /** Weights of the largest matrices that a dispatch multiplies. */
  readonly #largest: { readonly layers: number; readonly head: number };

  /**
   * Call this inside `device.allocate`.
   * @param rows rows that a pass takes at most
   * @param pace what is known about the speed of the GPU, and learns from the passes
   */
  constructor(
    private readonly device: Device,
    private readonly blueprint: Blueprint,
    private readonly shape: DecoderShape,
    private readonly weights: DeviceWeights,
    private readonly programs: Programs,
    private readonly rows: number,
    pace: Pace,
  ) {
    this.#rotations = new Rotations(shape.ropes);
    this.#buffers = new PassBuffers(device, blueprint, shape, rows);
    this.#passes = new PassRecorder(this.#buffers, blueprint, shape, weights, programs);
    this.#picker = new Picker(device, programs.picker, blueprint.vocabSize);
    this.#readBack = new ReadBack(device);
    this.#submitter = new Submitter(device, pace);
    const largest = (parts: readonly LinearPrograms[]): number =>
      Math.max(...parts.map(({ matrix }) => matrix.inputs * matrix.outputs));
    const ofLayers = programs.layers.map(({ projections, output, gateAndUp, down }) =>
      largest([...projections, ...output, ...gateAndUp, ...down]),
    );
    this.#largest = { layers: Math.max(...ofLayers), head: largest(programs.head) };
  }

  /**
   * Returns a function that says how many tokens of a request the next pass takes: its results fit into buffers, and no dispatch
   * takes long by the speed that was measured so far.
   */
  rowsOf(request: ForwardRequest, past: number): () => number {
    const { spans = [], intervention, logits, taps: { attention = [], hidden = [] } = {} } = request;
    const total = past + request.tokens.length;
    const pieces = cutKeys(spans, intervention?.target ?? [], total).spans.length;
    const { layers, heads, headDim } = this.shape;
    const { hiddenSize, vocabSize } = this.blueprint;
    const splits = splitsOf(request.tokens.length, total, this.programs.rowSplits);
    const sums = heads * splits.count * Math.max(pieces * 2, partialSize(headDim));
    const results =
      layers * heads * pieces * 2 +
      (logits === 'all' ? vocabSize : 0) +
      attention.length * heads * total +
      hidden.length * hiddenSize;
    const { largest } = this.device;
    const lastRow = Math.max(vocabSize, Picker.pickedWords);
    const fitting =
      Math.min(largest / sums, Math.min(RESULT_BYTES, largest - FLOAT * lastRow) / results) / FLOAT;
    const most = Math.min(this.rows, Math.floor(fitting));
    const weights = Math.max(this.#largest.layers, logits === 'all' ? this.#largest.head : 0);
    const longest = Math.max(4 * heads * headDim * total, 2 * weights);
    return () => Math.max(1, Math.min(most, this.#submitter.rows(longest)));
  }

  /**
   * Submits a pass, and appends its tokens to the sequence. Results arrive later, so that the next pass can be prepared
   * meanwhile; but while candidates are awaited, no other pass may start.
   * @throws HoldfastError `E_EXECUTOR`, and what `input.check` throws; the sequence is then unchanged
   */
  async start(input: PassInput): Promise<StartedPass> {
    const { request, sequence, tokens, row } = input;
    const total = sequence.length + tokens.length;
    const pieces = cutKeys(request.spans ?? [], request.intervention?.target ?? [], total);
    const totalAfter = sequence.length - row + request.tokens.length;
    const splits = splitsOf(request.tokens.length, totalAfter, this.programs.rowSplits);
    await this.#makeRoom(input, pieces, splits, total);
    const taps = await this.#makeTaps(input, total);
    try {
      const wanted = candidatesWanted(input);
      let candidates: Candidates | null = null;
      const isPicked = wanted !== null && this.#picker.canPick(wanted);
      const readings = [
        ...resultReadings(input, pieces, taps, {
          ...{ shape: this.shape, blueprint: this.blueprint, buffers: this.#buffers },
        }),
        ...(wanted === null ? [] : [this.#drawReading(wanted, isPicked, (found) => (candidates = found))]),
      ];
      const open = await this.#readBack.open(readings);
      try {
        input.check();
        this.#writeInputs(input, pieces, splits);
        if (isPicked) this.#picker.write(wanted);
        const commands = new Commands();
        const rows = { rows: tokens.length, single: request.tokens.length === 1 };
        this.#passes.layers(commands, sequence, rows, splits, taps);
        const single = request.logits !== 'all' || rows.single;
        this.#passes.head(commands, tokens.length, { rows: logitsRows(input), single }, taps);
        if (isPicked) this.#picker.record(commands, this.#buffers.grown('logits'));
        open.record(commands);
        const { profiler, check } = input;
        const ended = (): Promise<unknown> => open.ended();
        const { refused } = await this.#submitter.submit(commands.all, { profiler, check, ended });
        sequence.extend(tokens.length);
        const results = open.take(refused).then(async () => {
          return wanted === null ? null : (candidates ?? candidatesOf(await this.#allLogits(), wanted));
        });
        // Whoever awaits a later pass first may never await this one.
        results.catch(() => undefined);
        return { results };
      } catch (error) {
        open.close();
        throw error;
      }
    } finally {
      for (const buffer of [...taps.attention.values(), ...taps.hidden.values()]) this.device.free(buffer);
    }
  }

  /**
   * Copies the buffers of a sequence to another one, which has none.
   * @throws HoldfastError `E_EXECUTOR`, and what `check` throws
   */
  async copy(from: GpuSequence, to: GpuSequence, check: () => void): Promise<void> {
    const room = await this.device.allocate('a copy of the dialogue', () => to.larger(from.length));
    if (room === null) return;
    try {
      const { refused } = await this.#submit(from.copies(room).all, check);
      await this.device.assertDone(refused, this.device.finished());
      check();
    } catch (error) {
      to.discard(room);
      throw error;
    }
    to.adopt(room);
  }

  /** Waits until the device has done all that was submitted. */
  idle(): Promise<void> {
    return this.#submitter.idle();
  }

  /** Returns a reading of a draw's candidates: picked on the device, or all logits, from which the host picks. */
  #drawReading(
    wanted: CandidateRequest,
    isPicked: boolean,
    found: (candidates: Candidates | null) => void,
  ): Reading {
    const { vocabSize } = this.blueprint;
    return isPicked
      ? {
          buffer: this.#picker.picked,
          words: Picker.pickedWords,
          take: (floats) => found(pickedCandidates(floats, wanted, vocabSize)),
        }
      : {
          buffer: this.#buffers.grown('logits'),
          words: vocabSize,
          take: (floats) => found(candidatesOf(floats, wanted)),
        };
  }

  /** Reads all logits of the last pass's last row, for a draw that can reach further than the picked candidates. */
  async #allLogits(): Promise<Float32Array> {
    let logits = new Float32Array(0);
    const take = (floats: Float32Array): void => {
      logits = floats.slice();
    };
    const readings = [{ buffer: this.#buffers.grown('logits'), words: this.blueprint.vocabSize, take }];
    const open = await this.#readBack.open(readings);
    const commands = new Commands();
    open.record(commands);
    const { refused } = await this.#submit(
      commands.all,
      () => {},
      () => open.ended(),
    );
    await open.take(refused);
    return logits;
  }

  /** Submits commands that are not timed. */
  #submit(commands: readonly Command[], check: () => void, ended = () => this.device.finished()) {
    return this.#submitter.submit(commands, { profiler: null, check, ended });
  }

  #makeRoom(
    { request, sequence, tokens: { length: rows }, check }: PassInput,
    { cuts, spans }: Pieces,
    splits: Splits,
    total: number,
  ): Promise<void> {
    const { layers, heads, headDim } = this.shape;
    const wanted = {
      cuts: cuts.length,
      partials: rows * heads * splits.count * partialSize(headDim),
      pieces: rows * heads * splits.count * spans.length * 2,
      shares: layers * heads * rows * spans.length * 2,
      logits: (request.logits === 'all' ? rows : 1) * this.blueprint.vocabSize,
    };
    return this.#buffers.makeRoom(wanted, sequence, total, check, ({ all }) => this.#submit(all, check));
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

  #writeInputs({ request, sequence, tokens }: PassInput, { cuts, spans }: Pieces, splits: Splits): void {
    const { device } = this;
    const past = sequence.length;
    const rows = tokens.length;
    const pass = (rows: number, from: number): Uint32Array =>
      Uint32Array.of(rows, past, spans.length, splits.count, splits.keys, sequence.capacity, from, 0);
    device.write(this.#buffers.pass, pass(rows, 0));
    device.write(this.#buffers.headPass, request.logits === 'all' ? pass(rows, 0) : pass(1, rows - 1));
    const { hiddenSize } = this.blueprint;
    const embedded = new Float32Array(rows * hiddenSize);
    for (const [row, id] of tokens.entries()) {
      this.weights.embedding.read(id, embedded.subarray(row * hiddenSize, (row + 1) * hiddenSize));
    }
    const { states, rotations } = this.#buffers.activations;
    device.write(states, embedded);
    for (const [rope, table] of this.#rotations.of(sequence.contextLength).entries()) {
      const { cos, sin } = table.rows(past, past + rows);
      const pairs = new Float32Array(2 * cos.length);
      for (let i = 0; i < cos.length; i++) {
        pairs[2 * i] = cos[i]!;
        pairs[2 * i + 1] = sin[i]!;
      }
      device.write(rotations, pairs, rope * this.rows * this.shape.headDim * FLOAT);
    }
    device.write(this.#buffers.grown('cuts'), cuts);
    device.write(this.#buffers.maps, mapsOf(request, this.shape));
  }
}
