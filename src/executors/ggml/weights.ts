import {
  LAYER_NORMS,
  type LayerWeight,
  type ModelPlan,
  readWeight,
  readWeightBytes,
  type WeightName,
} from '../../architectures/index.js';
import type { Checkpoint } from '../../formats/index.js';
import { joined, type Precision } from '../contract/index.js';
import type { Backend } from './backend.js';
import type { BufferHandle } from './bindings.js';
import { MappedCheckpoint, type MappedFile } from './mapped-file.js';
import { formed, formName, OFFSET_BLOCK } from './matrix-form.js';
import { type Block, blockOver, checkSize, fillTensor, placeTensor } from './memory.js';
import { rowStepOf } from './row-step.js';
import type { GgmlType, TensorContext, Value } from './tensor.js';
import { type Home, WeightPlaces } from './weight-places.js';

/** A weight matrix, or several that have the same input, one below the other. */
export interface Matrix {
  readonly inputs: number;
  readonly outputs: number;
  /** `[inputs, outputs]` in ggml's order. */
  readonly values: Value;
  /** An offset for each block of 32 inputs, `[outputs, inputs / 32]`, F32. */
  readonly offsets: Value | null;
  /** `[outputs]` */
  readonly bias: Value | null;
  /** Numbers of rows are rounded up to this, see `row-step.ts`. */
  readonly rowStep: number;
}

/** A layer's matrices by what reads them: those of one list have the same input. */
export interface LayerMatrices {
  /** Query, key and value: three matrices, or one of all three. */
  readonly projections: readonly Matrix[];
  readonly output: Matrix;
  /** Gate and up: two matrices, or one of both. */
  readonly gateUp: readonly Matrix[];
  readonly down: Matrix;
  readonly norms: Readonly<Partial<Record<LayerWeight, Value>>>;
}

/** A model's weights as tensors of ggml. */
export interface GgmlWeights {
  /** `[hidden, vocab]` */
  readonly embedding: Value;
  readonly head: Matrix;
  readonly finalNorm: Value;
  readonly layers: readonly LayerMatrices[];
  /** The forms of the matrices, e.g. `q4_0+offsets, q8_0`. */
  readonly forms: string;
  /** @throws HoldfastError `E_UNREADABLE` if a file that is mapped was written to */
  assertUnchanged(): void;
  dispose(): void;
}

/** Loads a plan's weights to the places that {@link WeightPlaces} chooses. */
export async function loadWeights(
  backend: Backend,
  plan: ModelPlan,
  checkpoint: Checkpoint,
  precision: Precision,
  batchInvariant: boolean,
): Promise<GgmlWeights> {
  const loader = new WeightLoader(backend, plan, checkpoint, precision);
  try {
    return await loader.load(batchInvariant);
  } catch (error) {
    loader.dispose();
    throw error;
  }
}

class WeightLoader {
  readonly #mapped: MappedCheckpoint;
  /** A context for the tensors of each home. */
  readonly #contexts = new Map<Home, TensorContext>();
  /** Buffers of our own, and blocks over mapped files. */
  readonly #buffers: BufferHandle[] = [];
  readonly #files = new Map<MappedFile, Block>();
  /** What gives each tensor its values, once all have memory. */
  readonly #fills: (() => Promise<void>)[] = [];
  readonly #matrices: (Matrix & { rowStep: number; readonly home: Home })[] = [];
  readonly #forms = new Set<string>();
  readonly #places: WeightPlaces;

  constructor(
    private readonly backend: Backend,
    private readonly plan: ModelPlan,
    checkpoint: Checkpoint,
    precision: Precision,
  ) {
    this.#mapped = new MappedCheckpoint(checkpoint);
    this.#places = new WeightPlaces(backend, plan, this.#mapped, precision);
  }

  async load(batchInvariant: boolean): Promise<GgmlWeights> {
    const { blueprint } = this.plan;
    const embedding = this.#embedding();
    const head = this.#matrix([blueprint.tiedEmbeddings ? 'embedding' : 'head']);
    const finalNorm = this.#floats(['finalNorm'])!;
    const layers = blueprint.layers.map((_, layer) => this.#layer(layer));
    for (const [home, context] of this.#contexts) {
      if (home === 'mapped') continue;
      const type = home === 'own' ? this.backend.bufferType : home;
      const buffer = this.backend.allocate(context, 'the weights', type);
      this.#buffers.push(buffer);
      this.backend.markAsWeights(buffer);
    }
    for (const fill of this.#fills) await fill();
    if (batchInvariant) await this.#roundRows();
    const forms = [...this.#forms].sort().join(', ');
    const assertUnchanged = (): void => this.#mapped.assertUnchanged();
    return { embedding, head, finalNorm, layers, forms, assertUnchanged, dispose: () => this.dispose() };
  }

  dispose(): void {
    this.#buffers.push(...[...this.#files.values()].map(({ buffer }) => buffer));
    this.#files.clear();
    for (const buffer of this.#buffers.splice(0)) this.backend.ggml.freeBuffer(buffer);
    for (const context of this.#contexts.values()) context.free();
    this.#contexts.clear();
    this.#mapped.dispose();
  }

  #layer(index: number): LayerMatrices {
    const name = (part: LayerWeight): WeightName => `layers.${index}.${part}`;
    const norms: Partial<Record<LayerWeight, Value>> = {};
    for (const part of LAYER_NORMS) {
      const norm = this.#floats([name(part)]);
      if (norm !== null) norms[part] = norm;
    }
    return {
      norms,
      projections: this.#stacked([
        [name('query'), name('queryBias')],
        [name('key'), name('keyBias')],
        [name('value'), name('valueBias')],
      ]),
      output: this.#matrix([name('output')], [name('outputBias')]),
      gateUp: this.#stacked([
        [name('gate'), name('gateBias')],
        [name('up'), name('upBias')],
      ]),
      down: this.#matrix([name('down')], [name('downBias')]),
    };
  }

  /** Matrices with the same input: one if all are copied to the same form, which saves operations. */
  #stacked(parts: readonly (readonly [WeightName, WeightName])[]): readonly Matrix[] {
    const places = parts.map(([name]) => this.#places.matrix(name));
    const same = places.every(
      ({ form, home }) =>
        home !== 'mapped' && home === places[0]!.home && formName(form) === formName(places[0]!.form),
    );
    if (!same) return parts.map(([name, bias]) => this.#matrix([name], [bias]));
    const [names, biases] = [parts.map(([name]) => name), parts.map(([, bias]) => bias)];
    return [this.#matrix(names, biases)];
  }

  /** @param names weights of one form, one below the other */
  #matrix(names: readonly WeightName[], biases: readonly WeightName[] = []): Matrix {
    const { form, home } = this.#places.matrix(names[0]!);
    const rows = names.map((name) => this.#places.stored(name).shape[0]);
    const inputs = this.#places.stored(names[0]!).shape[1];
    const outputs = rows.reduce((sum, count) => sum + count, 0);
    this.#forms.add(formName(form));
    const values = this.#tensor(home, form.type, [inputs, outputs]);
    const offsets = form.offsets ? this.#tensor('own', 'F32', [outputs, inputs / OFFSET_BLOCK]) : null;
    this.#fills.push(async () => {
      const stored = await Promise.all(
        names.map((name) => readWeightBytes(this.plan, this.#mapped.checkpoint, name)),
      );
      if (home === 'mapped') {
        this.#place(values, names[0]!, stored[0]!.bytes);
        return;
      }
      const parts = stored.map((weight) => formed(this.backend.ggml, weight, form));
      this.#write(values, joined(parts.map(({ bytes }) => bytes)));
      if (offsets !== null)
        this.#write(offsets, transposed(joined(parts.map((part) => part.offsets!)), outputs));
      // The file's own bytes of a copied matrix are of no more use.
      this.#mapped.forgetPages();
    });
    const matrix = { inputs, outputs, values, offsets, bias: this.#floats(biases), rowStep: 1, home };
    this.#matrices.push(matrix);
    return matrix;
  }

  /** Finds the row step of every matrix; matrices of one type, home and size have the same. */
  async #roundRows(): Promise<void> {
    const known = new Map<string, number>();
    for (const matrix of this.#matrices) {
      const { values, home, inputs, outputs } = matrix;
      const key = [values.type, home, inputs, outputs].join();
      const step = known.get(key) ?? (await rowStepOf(this.backend, values));
      known.set(key, step);
      matrix.rowStep = step;
    }
  }

  /** The embedding's rows are decoded when they are read. */
  #embedding(): Value {
    const { form, home } = this.#places.rows();
    const { shape } = this.#places.stored('embedding');
    const value = this.#tensor(home, form.type, [shape[1], shape[0]]);
    this.#fills.push(async () => {
      const stored = await readWeightBytes(this.plan, this.#mapped.checkpoint, 'embedding');
      if (home === 'mapped') this.#place(value, 'embedding', stored.bytes);
      else this.#write(value, formed(this.backend.ggml, stored, form).bytes);
    });
    return value;
  }

  /** Vectors one after the other, F32; null if the model has none of them. */
  #floats(names: readonly WeightName[]): Value | null {
    const present = names.filter((name) => this.plan.weights.has(name));
    if (present.length === 0) return null;
    const length = present.reduce((sum, name) => sum + this.#places.stored(name).shape[0], 0);
    const value = this.#tensor('own', 'F32', [length]);
    this.#fills.push(async () => {
      const parts = await Promise.all(
        present.map((name) => readWeight(this.plan, this.#mapped.checkpoint, name)),
      );
      this.#write(value, joined(parts));
    });
    return value;
  }

  #tensor(home: Home, type: GgmlType, sizes: readonly number[]): Value {
    let context = this.#contexts.get(home);
    if (context === undefined) {
      context = this.backend.context(2 * weightCount(this.plan));
      this.#contexts.set(home, context);
    }
    return context.tensor(type, ...sizes);
  }

  /** Points a tensor at its bytes in the mapped file. */
  #place(value: Value, name: WeightName, bytes: Uint8Array): void {
    const { ggml } = this.backend;
    const file = this.#mapped.fileOf(
      this.#mapped.checkpoint.tensors.get(this.plan.weights.get(name)!.tensor)!,
    )!;
    let block = this.#files.get(file);
    if (block === undefined) {
      block = blockOver(ggml, file.address, file.size, 'the weights');
      this.backend.markAsWeights(block.buffer);
      this.#files.set(file, block);
    }
    checkSize(value, bytes.byteLength);
    placeTensor(ggml, block, value, file.offsetOf(bytes)!);
  }

  #write(value: Value, data: Uint8Array | Float32Array): void {
    fillTensor(this.backend.ggml, value, data);
  }
}

/** @param rows of the matrix given, row-major @returns its transpose, row-major */
function transposed(matrix: Float32Array, rows: number): Float32Array {
  const columns = matrix.length / rows;
  const out = new Float32Array(matrix.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++)
      out[column * rows + row] = matrix[row * columns + column]!;
  }
  return out;
}

const weightCount = ({ weights }: ModelPlan): number => weights.size + 8;
