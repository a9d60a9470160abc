import type { HeadGrid } from '../attention/index.js';
import type { ForwardResult } from '../executors/index.js';
import type { TensorToWrite } from '../formats/index.js';
import type { Selection } from './selection.js';

/** The sizes of a run. */
export interface RunShape extends HeadGrid {
  readonly tokens: number;
  readonly vocab: number;
  readonly hidden: number;
  /** 0 for plain tokens. */
  readonly spans: number;
}

/** Joins the results of consecutive chunks. Tensors that were not selected are never allocated. */
export class Collector {
  readonly #logits: Float32Array | null; // [tokens, vocab]
  readonly #before: Float32Array | null; // [layers, heads, tokens]
  readonly #after: Float32Array | null; // [layers, heads, tokens]
  readonly #spanShares: Float32Array | null; // [layers, heads, tokens, spans]
  readonly #attention: ReadonlyMap<number, Float32Array>; // layer → [heads, tokens, tokens]
  readonly #hidden: ReadonlyMap<number, Float32Array>; // index → [tokens, hidden]

  constructor(
    private readonly shape: RunShape,
    selection: Selection,
  ) {
    const { layers, heads, tokens, vocab, hidden, spans } = shape;
    const when = (wanted: boolean, size: number) => (wanted ? new Float32Array(size) : null);
    this.#logits = when(selection.logits, tokens * vocab);
    this.#before = when(selection.shareBefore, layers * heads * tokens);
    this.#after = when(selection.shareAfter, layers * heads * tokens);
    this.#spanShares = when(selection.spanShares, layers * heads * tokens * spans);
    this.#attention = new Map(
      selection.attention.map((layer) => [layer, new Float32Array(heads * tokens * tokens)]),
    );
    this.#hidden = new Map(selection.hidden.map((index) => [index, new Float32Array(tokens * hidden)]));
  }

  /**
   * Adds the results of a chunk.
   * @param start position of the chunk's first token
   */
  add(start: number, rows: number, result: ForwardResult): void {
    const { layers, heads, tokens, vocab, hidden, spans } = this.shape;
    this.#logits?.set(result.logits, start * vocab);
    for (const [index, states] of this.#hidden) states.set(result.hidden.get(index)!, start * hidden);
    for (let pair = 0; pair < layers * heads; pair++) {
      const copy = (to: Float32Array | null, from: Float32Array | undefined, width: number): void => {
        if (to === null || from === undefined) return;
        const size = rows * width;
        to.set(from.subarray(pair * size, (pair + 1) * size), (pair * tokens + start) * width);
      };
      copy(this.#before, result.targetShares?.before, 1);
      copy(this.#after, result.targetShares?.after, 1);
      copy(this.#spanShares, result.spanShares?.after, spans);
    }
    const seen = start + rows;
    for (const [layer, weights] of this.#attention) {
      const chunk = result.attention.get(layer)!; // [heads, rows, seen]
      for (let head = 0; head < heads; head++) {
        for (let row = 0; row < rows; row++) {
          const from = (head * rows + row) * seen;
          weights.set(chunk.subarray(from, from + seen), (head * tokens + start + row) * tokens);
        }
      }
    }
  }

  /** Returns the collected tensors by their names in a trace. */
  tensors(): TensorToWrite[] {
    const { layers, heads, tokens, vocab, hidden, spans } = this.shape;
    const shares = [layers, heads, tokens];
    const all: [string, readonly number[], Float32Array | null][] = [
      ['logits', [tokens, vocab], this.#logits],
      ['target.share_before', shares, this.#before],
      ['target.share_after', shares, this.#after],
      ['span.shares', [...shares, spans], this.#spanShares],
    ];
    for (const [layer, data] of this.#attention)
      all.push([`attention.${layer}`, [heads, tokens, tokens], data]);
    for (const [index, data] of this.#hidden) all.push([`hidden.${index}`, [tokens, hidden], data]);
    return all.flatMap(([name, shape, data]) => (data === null ? [] : [{ name, type: 'F32', shape, data }]));
  }
}
