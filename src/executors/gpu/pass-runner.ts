import type { Blueprint } from '../../architectures/index.js';
import type { ForwardRequest, ForwardResult } from '../contract.js';
import type { DecoderShape } from '../decoder-shape.js';
import { RotationTable } from '../rotation.js';
import type { Device } from './device.js';
import { partialSize } from './kernels/attention.js';
import { OUTPUT_GROUPS } from './kernels/linear.js';
import { LAYER_WORDS, PASS_WORDS } from './kernels/pass.js';
import type { DeviceWeights } from './matrices.js';
import { addShares, mapsOf, placeRows } from './pass-data.js';
import { cutKeys, type Pieces } from './pieces.js';
import { type LinearPrograms, MAX_ROWS, type Programs, ROWS_TILE, type Step } from './programs.js';
import { Recorder } from './recorder.js';
import type { GpuSequence } from './sequence.js';

/** Some of a request's tokens, at most {@link MAX_ROWS}. */
export interface PassInput {
  readonly request: ForwardRequest;
  readonly sequence: GpuSequence;
  readonly tokens: readonly number[] | Int32Array;
  /** Where they begin among the request's tokens. */
  readonly row: number;
  /** Takes what comes out. */
  readonly result: ForwardResult;
  /** Throws when the pass is no longer wanted, or what it runs on is gone: asked whenever others had their turn. */
  readonly check: () => void;
}

/** How the keys of a pass are divided among workgroups. */
interface Splits {
  readonly count: number;
  readonly keys: number;
}

/** Buffers that a pass's taps are copied to, by layer and by index; only for that pass. */
interface Taps {
  readonly attention: ReadonlyMap<number, GPUBuffer>;
  readonly hidden: ReadonlyMap<number, GPUBuffer>;
}

/** A buffer that is read back after the pass, and where its numbers go. */
interface Reading {
  readonly buffer: GPUBuffer;
  readonly floats: number;
  readonly take: (values: Float32Array) => void;
}

/** Buffers whose size follows the dialogue and what is asked of it. */
type Growing = 'tags' | 'firsts' | 'pieces' | 'shares' | 'logits';

/** Keys that are worth a workgroup of their own. */
const SPLIT_KEYS = 256;
/** A split's keys are a multiple of it, and so whole tiles of any workgroup. */
const WHOLE_TILES = 64;
const FLOAT = 4;

/** Runs passes of one model: writes what goes in, records the dispatches, reads back what was asked for. */
export class PassRunner {
  readonly #rotations: readonly RotationTable[];
  readonly #pass: GPUBuffer;
  /** The same, of the rows whose logits are wanted. */
  readonly #headPass: GPUBuffer;
  readonly #layers: readonly GPUBuffer[];
  readonly #activations: Readonly<
    Record<'states' | 'normed' | 'qkv' | 'queries' | 'mixed' | 'projected' | 'fed', GPUBuffer>
  >;
  readonly #rotationPairs: GPUBuffer;
  readonly #maps: GPUBuffer;
  readonly #partials: GPUBuffer;
  readonly #references: GPUBuffer;
  readonly #growing = new Map<Growing, GPUBuffer>();
  #readable: GPUBuffer | null = null;

  constructor(
    private readonly device: Device,
    private readonly blueprint: Blueprint,
    private readonly shape: DecoderShape,
    private readonly weights: DeviceWeights,
    private readonly programs: Programs,
  ) {
    const { heads, kvHeads, headDim, layers, ropes } = shape;
    const { hiddenSize } = blueprint;
    const rows = (what: string, width: number): GPUBuffer => device.storage(what, FLOAT * MAX_ROWS * width);
    this.#rotations = ropes.map((rope) => new RotationTable(rope, headDim));
    this.#pass = device.uniform(new Uint32Array(PASS_WORDS));
    this.#headPass = device.uniform(new Uint32Array(PASS_WORDS));
    this.#layers = Array.from({ length: layers }, (_, layer) => {
      const words = new Uint32Array(LAYER_WORDS);
      words[0] = layer * heads;
      return device.uniform(words);
    });
    this.#activations = {
      states: rows('the states', hiddenSize),
      normed: rows('the normed states', hiddenSize),
      qkv: rows('queries, keys and values', (heads + 2 * kvHeads) * headDim),
      queries: rows('the queries', heads * headDim),
      mixed: rows("the heads' outputs", heads * headDim),
      projected: rows('the projected outputs', hiddenSize),
      fed: rows('the inside of the MLP', Math.max(...blueprint.layers.map(({ mlp }) => mlp.size))),
    };
    this.#rotationPairs = rows('the rotations', ropes.length * headDim);
    this.#maps = device.storage('the maps of heads', FLOAT * layers * heads * 8);
    this.#partials = rows('the splits of attention', heads * partialSize(headDim));
    this.#references = rows('the references of attention', heads * 4);
  }

  /** @throws HoldfastError `E_EXECUTOR`, and what the input's own check throws; the sequence is as it was then */
  async run(input: PassInput): Promise<void> {
    const { request, sequence, tokens } = input;
    const total = sequence.length + tokens.length;
    const pieces = cutKeys(request.spans ?? [], request.intervention?.target ?? [], total);
    const splits = splitsOf(tokens.length, total);
    await this.#makeRoom(input, pieces, splits);
    const taps = await this.#makeTaps(input, total);
    try {
      const readings = [
        ...this.#logitsReadings(input),
        ...this.#shareReadings(input, pieces),
        ...this.#tapReadings(input, taps, total),
      ];
      const readable = await this.#readableFor(readings);
      input.check();
      this.#writeInputs(input, pieces, splits);
      const refused = this.device.submit((encoder) => {
        const recorder = new Recorder(encoder);
        this.#recordLayers(input, recorder, splits, taps);
        this.#recordHead(input, recorder, taps);
        let at = 0;
        for (const { buffer, floats } of readings) {
          recorder.copy(buffer, readable, floats * FLOAT, at);
          at += floats * FLOAT;
        }
        recorder.end();
      });
      await this.#take(readings, readable, refused);
      input.check();
      sequence.extend(tokens.length);
    } finally {
      for (const buffer of [...taps.attention.values(), ...taps.hidden.values()]) this.device.free(buffer);
    }
  }

  #grown(name: Growing): GPUBuffer {
    return this.#growing.get(name)!;
  }

  /** Makes the buffers larger that are too small for the pass. */
  async #makeRoom(
    { request, sequence, tokens, check }: PassInput,
    { firsts }: Pieces,
    splits: Splits,
  ): Promise<void> {
    const { layers, heads } = this.shape;
    const rows = tokens.length;
    const total = sequence.length + rows;
    const wanted: Readonly<Record<Growing, number>> = {
      tags: total,
      firsts: firsts.length,
      pieces: rows * heads * splits.count * firsts.length * 2,
      shares: layers * heads * rows * firsts.length * 2,
      logits: (request.logits === 'all' ? rows : 1) * this.blueprint.vocabSize,
    };
    const short = (Object.keys(wanted) as Growing[]).filter(
      (name) => (this.#growing.get(name)?.size ?? 0) < wanted[name] * FLOAT,
    );
    if (short.length === 0 && total <= sequence.capacity) return;
    const made = await this.device.allocate('the dialogue', () => ({
      room: sequence.larger(total),
      grown: short.map((name) => [name, this.#larger(name, wanted[name] * FLOAT)] as const),
    }));
    for (const [name, buffer] of made.grown) {
      const small = this.#growing.get(name);
      if (small) this.device.free(small);
      this.#growing.set(name, buffer);
    }
    check();
    if (made.room !== null) sequence.adopt(made.room);
  }

  /** Twice what is needed of what grows token by token, as far as the device goes. */
  #larger(name: Growing, bytes: number): GPUBuffer {
    const wanted = name === 'logits' ? bytes : Math.max(bytes, Math.min(2 * bytes, this.device.largest));
    return this.device.storage(`the ${name} of a pass`, wanted);
  }

  async #makeTaps({ request, tokens }: PassInput, total: number): Promise<Taps> {
    const { attention = [], hidden = [] } = request.taps ?? {};
    if (attention.length === 0 && hidden.length === 0) return { attention: new Map(), hidden: new Map() };
    const rows = tokens.length;
    const make = (what: string, floats: number): GPUBuffer => this.device.storage(what, floats * FLOAT);
    const each = (places: readonly number[], what: string, floats: number): Map<number, GPUBuffer> =>
      new Map([...new Set(places)].map((place) => [place, make(what, floats)]));
    return this.device.allocate('what is tapped', () => ({
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
    device.write(this.#pass, pass(rows, 0));
    device.write(this.#headPass, request.logits === 'all' ? pass(rows, 0) : pass(1, rows - 1));
    const { hiddenSize } = this.blueprint;
    const embedded = new Float32Array(rows * hiddenSize);
    for (const [row, id] of tokens.entries()) {
      this.weights.embedding.read(id, embedded.subarray(row * hiddenSize, (row + 1) * hiddenSize));
    }
    device.write(this.#activations.states, embedded);
    for (const [rope, table] of this.#rotations.entries()) {
      const { cos, sin } = table.rows(past, past + rows);
      const pairs = new Float32Array(2 * cos.length);
      for (let i = 0; i < cos.length; i++) {
        pairs[2 * i] = cos[i]!;
        pairs[2 * i + 1] = sin[i]!;
      }
      device.write(this.#rotationPairs, pairs, rope * MAX_ROWS * this.shape.headDim * FLOAT);
    }
    device.write(this.#grown('tags'), tags);
    device.write(this.#grown('firsts'), firsts);
    device.write(this.#maps, mapsOf(request, this.shape));
  }

  #recordLayers({ sequence, tokens }: PassInput, recorder: Recorder, splits: Splits, taps: Taps): void {
    const rows = tokens.length;
    const { heads, kvHeads } = this.shape;
    const { states, normed, qkv, queries, mixed, fed } = this.#activations;
    const [tags, firsts] = [this.#grown('tags'), this.#grown('firsts')];
    const [pieces, shares] = [this.#grown('pieces'), this.#grown('shares')];
    const [pass, maps, partials, references] = [this.#pass, this.#maps, this.#partials, this.#references];

    for (const [index, steps] of this.programs.layers.entries()) {
      const { norms, queryKeyNorms } = this.weights.layers[index]!;
      const { keys, values } = sequence.layer(index);
      const layer = this.#layers[index]!;
      this.#copyHidden(index, states, rows, recorder, taps);

      recorder.run(steps.attentionNorm, this, [pass, states, norms.attentionNorm!, normed], rows);
      for (const projection of steps.projections) this.#linear(recorder, projection, normed, qkv, rows);
      const optional = queryKeyNorms === null ? [] : [queryKeyNorms];
      const rotated = [pass, qkv, this.#rotationPairs, ...optional, queries, keys, values];
      recorder.run(steps.rotate, sequence, rotated, rows, heads + 2 * kvHeads);

      const attended = [pass, queries, keys, values, tags, maps, partials, pieces, layer];
      recorder.run(steps.attention, sequence, attended, heads, rows, splits.count);
      const combined = [pass, partials, pieces, firsts, maps, mixed, shares, references, layer];
      recorder.run(steps.combine, this, combined, heads, rows);
      const tapped = taps.attention.get(index);
      if (tapped) {
        const shown = [pass, queries, keys, tags, references, tapped];
        recorder.run(steps.attentionRows, sequence, shown, heads, rows);
      }

      this.#branch(recorder, steps.output, mixed, steps.postAttentionNorm, norms.postAttentionNorm, rows);
      recorder.run(steps.mlpNorm, this, [pass, states, norms.mlpNorm!, normed], rows);
      this.#linear(recorder, steps.gateAndUp, normed, fed, rows);
      this.#branch(recorder, steps.down, fed, steps.postMlpNorm, norms.postMlpNorm, rows);
    }
  }

  /** Adds what a branch ends in to the states, through a norm of its own where the family has one. */
  #branch(
    recorder: Recorder,
    linear: LinearPrograms,
    from: GPUBuffer,
    post: Step | null,
    weight: GPUBuffer | undefined,
    rows: number,
  ): void {
    const { states, projected } = this.#activations;
    this.#linear(recorder, linear, from, post === null ? states : projected, rows);
    if (post !== null) recorder.run(post, this, [this.#pass, projected, weight!, states], rows);
  }

  #linear(
    recorder: Recorder,
    { matrix, row, rows: several, perGroup, outputs }: LinearPrograms,
    from: GPUBuffer,
    to: GPUBuffer,
    rows: number,
    pass = this.#pass,
  ): void {
    const { weight, bias, scales } = matrix;
    const buffers = [pass, from, weight, ...(bias ? [bias] : []), ...(scales ? [scales] : []), to];
    const groups = Math.ceil(outputs / perGroup);
    const [step, tiles] = rows === 1 ? [row, 1] : [several, Math.ceil(rows / ROWS_TILE)];
    recorder.run(
      step,
      this,
      buffers,
      Math.min(groups, OUTPUT_GROUPS),
      tiles,
      Math.ceil(groups / OUTPUT_GROUPS),
    );
  }

  #copyHidden(index: number, from: GPUBuffer, rows: number, recorder: Recorder, taps: Taps): void {
    const tapped = taps.hidden.get(index);
    if (tapped) recorder.copy(from, tapped, rows * this.blueprint.hiddenSize * FLOAT);
  }

  /** Rows of the pass whose logits are wanted. */
  #logitsRows({ request, tokens, row }: PassInput): number {
    const isLast = row + tokens.length === request.tokens.length;
    return request.logits === 'all' ? tokens.length : request.logits === 'last' && isLast ? 1 : 0;
  }

  /** The final norm and the output head, of the rows that are wanted. */
  #recordHead(input: PassInput, recorder: Recorder, taps: Taps): void {
    const { states, normed } = this.#activations;
    const { finalNorm, head } = this.programs;
    const { length: layers } = this.blueprint.layers;
    const { length: all } = input.tokens;
    const norm = (pass: GPUBuffer, rows: number): void =>
      recorder.run(finalNorm, pass, [pass, states, this.weights.finalNorm, normed], rows);
    if (taps.hidden.has(layers)) {
      norm(this.#pass, all);
      this.#copyHidden(layers, normed, all, recorder, taps);
    }
    const rows = this.#logitsRows(input);
    if (rows === 0) return;
    norm(this.#headPass, rows);
    this.#linear(recorder, head, normed, this.#grown('logits'), rows, this.#headPass);
  }

  #logitsReadings(input: PassInput): Reading[] {
    const { request, row, result } = input;
    const { vocabSize } = this.blueprint;
    const rows = this.#logitsRows(input);
    if (rows === 0) return [];
    const at = request.logits === 'all' ? row * vocabSize : 0;
    const take = (values: Float32Array): void => result.logits.set(values, at);
    return [{ buffer: this.#grown('logits'), floats: rows * vocabSize, take }];
  }

  #shareReadings({ request, tokens, row, result }: PassInput, pieces: Pieces): Reading[] {
    if (!request.spans && !request.intervention) return [];
    const { layers, heads } = this.shape;
    const floats = layers * heads * tokens.length * pieces.firsts.length * 2;
    const take = (values: Float32Array): void => addShares(values, pieces, this.shape, request, result, row);
    return [{ buffer: this.#grown('shares'), floats, take }];
  }

  #tapReadings({ request, tokens, row, result }: PassInput, taps: Taps, total: number): Reading[] {
    const rows = tokens.length;
    const { heads } = this.shape;
    const attention = [...taps.attention].map(([layer, buffer]): Reading => {
      const take = (values: Float32Array): void =>
        placeRows(values, { heads, rows, total }, result.attention.get(layer)!, row, request.tokens.length);
      return { buffer, floats: heads * rows * total, take };
    });
    const { hiddenSize } = this.blueprint;
    const hidden = [...taps.hidden].map(([index, buffer]): Reading => {
      const take = (values: Float32Array): void => result.hidden.get(index)!.set(values, row * hiddenSize);
      return { buffer, floats: rows * hiddenSize, take };
    });
    return [...attention, ...hidden];
  }

  /** A buffer that all readings of a pass fit into, one behind the other. */
  async #readableFor(readings: readonly Reading[]): Promise<GPUBuffer> {
    const bytes = bytesOf(readings);
    if (this.#readable === null || this.#readable.size < bytes) {
      const larger = await this.device.allocate('what is read back', () =>
        this.device.readable('what is read back of a pass', bytes),
      );
      if (this.#readable) this.device.free(this.#readable);
      this.#readable = larger;
    }
    return this.#readable;
  }

  /** Waits for a pass, and hands out what is read back. */
  async #take(
    readings: readonly Reading[],
    readable: GPUBuffer,
    refused: Promise<string | null>,
  ): Promise<void> {
    // Where nothing is read the reading waits for nothing, and a long prefill would run ahead of its signal.
    if (readings.length === 0) await this.device.finished();
    const copied = await this.device.read(readable, bytesOf(readings), refused);
    let at = 0;
    for (const { floats, take } of readings) {
      take(new Float32Array(copied, at, floats));
      at += floats * FLOAT;
    }
  }
}

/** Never nothing: what is not there cannot be mapped. */
function bytesOf(readings: readonly Reading[]): number {
  return (
    FLOAT *
    Math.max(
      1,
      readings.reduce((sum, { floats }) => sum + floats, 0),
    )
  );
}

/** One split where there are rows enough to fill a GPU; a function of the pass alone, so that the same is rounded the same. */
function splitsOf(rows: number, total: number): Splits {
  const most = Math.max(1, Math.floor(MAX_ROWS / rows));
  const wanted = Math.min(most, Math.ceil(total / SPLIT_KEYS));
  const keys = Math.ceil(total / wanted / WHOLE_TILES) * WHOLE_TILES;
  return { count: Math.ceil(total / keys), keys };
}
