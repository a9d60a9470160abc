import { dependsOnContext, type RopeBlueprint, ropeFrequencies } from '../../architectures/index.js';

/** The cosines and sines of one rotary embedding, computed in f64 and cached for the positions used so far. */
export class RotationTable {
  readonly #frequencies: Float64Array;
  readonly #amplitude: number;
  #cos = new Float32Array(0);
  #sin = new Float32Array(0);

  constructor(rope: RopeBlueprint, contextLength: number) {
    const { inverseFrequencies, amplitude } = ropeFrequencies(rope, contextLength);
    this.#frequencies = inverseFrequencies;
    this.#amplitude = amplitude;
  }

  /** Returns the cosines and sines of positions `[start, end)`, each `[end − start, rotaryDim / 2]`. */
  rows(start: number, end: number): { cos: Float32Array; sin: Float32Array } {
    const half = this.#frequencies.length;
    if (end * half > this.#cos.length) this.#grow(Math.max(256, 2 * end));
    return {
      cos: this.#cos.subarray(start * half, end * half),
      sin: this.#sin.subarray(start * half, end * half),
    };
  }

  #grow(positions: number): void {
    const half = this.#frequencies.length;
    this.#cos = new Float32Array(positions * half);
    this.#sin = new Float32Array(positions * half);
    for (let position = 0; position < positions; position++) {
      for (let i = 0; i < half; i++) {
        const angle = position * this.#frequencies[i]!;
        this.#cos[position * half + i] = this.#amplitude * Math.cos(angle);
        this.#sin[position * half + i] = this.#amplitude * Math.sin(angle);
      }
    }
  }
}

/** The tables of a model's rotary embeddings, one set per context length if a rope depends on it. */
export class Rotations {
  readonly #tables = new Map<number, readonly RotationTable[]>();
  readonly #dependOnContext: boolean;

  constructor(private readonly ropes: readonly RopeBlueprint[]) {
    this.#dependOnContext = ropes.some(dependsOnContext);
  }

  /** Returns one table for each of the model's distinct ropes. */
  of(contextLength: number): readonly RotationTable[] {
    const key = this.#dependOnContext ? contextLength : 0;
    let tables = this.#tables.get(key);
    if (tables === undefined) {
      tables = this.ropes.map((rope) => new RotationTable(rope, contextLength));
      this.#tables.set(key, tables);
    }
    return tables;
  }
}
