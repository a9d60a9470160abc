import { type Blueprint, type RopeFrequencies, ropeFrequencies } from '../../architectures/index.js';
import type { Sequence } from '../contract/index.js';
import { OwnedSequence } from '../contract/index.js';

/** Keys and values of one layer, newest last; each entry `[kvHeads × headDim]`. */
export interface LayerCache {
  readonly keys: Float64Array[];
  readonly values: Float64Array[];
}

/** A cache in plain arrays, and the ropes for its context length. */
export class ReferenceSequence extends OwnedSequence implements Sequence {
  readonly caches: readonly LayerCache[];
  /** `[layers]`; null for a layer without a rope. */
  readonly ropes: readonly (RopeFrequencies | null)[];

  constructor(owner: object, { layers }: Blueprint, contextLength: number) {
    super(owner, contextLength);
    this.caches = layers.map(() => ({ keys: [], values: [] }));
    this.ropes = layers.map(({ attention: { rope } }) => rope && ropeFrequencies(rope, contextLength));
  }

  /** Takes all tokens of another sequence. Vectors are never changed once they are cached, so both have the same. */
  fill(from: ReferenceSequence): void {
    for (const [layer, { keys, values }] of from.caches.entries()) {
      const own = this.caches[layer]!;
      for (const key of keys) own.keys.push(key);
      for (const value of values) own.values.push(value);
    }
  }

  get length(): number {
    return this.caches[0]!.keys.length;
  }

  cut(length: number): void {
    for (const { keys, values } of this.caches) {
      keys.length = Math.min(keys.length, length);
      values.length = Math.min(values.length, length);
    }
  }
}
