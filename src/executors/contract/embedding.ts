import type { StoredWeight } from '../../architectures/index.js';
import { byteLengthOf, dequantizeInto } from '../../formats/index.js';

/** Embedding rows by token id. Each is decoded from its stored bytes when it is read. */
export interface EmbeddingTable {
  /** Writes row `id` times the model's embedding scale into `out`, `[hidden]`. */
  read(id: number, out: Float32Array): void;
}

/** Creates the table of a stored embedding matrix, `[vocab, hidden]`. */
export function embeddingTable({ type, shape, bytes }: StoredWeight, scale: number): EmbeddingTable {
  const hidden = shape[1]!;
  const rowBytes = byteLengthOf(type, hidden);
  return {
    read(id, out) {
      dequantizeInto(type, bytes.subarray(id * rowBytes, (id + 1) * rowBytes), out);
      if (scale !== 1) for (let i = 0; i < hidden; i++) out[i]! *= scale;
    },
  };
}
