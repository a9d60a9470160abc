/** How the keys of a pass are divided among workgroups. */
export interface Splits {
  readonly count: number;
  /** Keys per split. */
  readonly keys: number;
}

/** How the keys of a single row are divided. */
export interface RowSplits {
  /** Keys that one workgroup takes alone, which saves the dispatch that combines splits. */
  readonly whole: number;
  /** Keys of a split, if there are more. */
  readonly split: number;
}

/** Keys that justify a workgroup of their own in a request of several rows. */
const SPLIT_KEYS = 256;
/** The keys of a split are a multiple of this, so that they fill whole tiles. */
const WHOLE_TILES = 64;
/** Splits, times rows, that fill a GPU. */
const MOST_SPLITS = 64;

/**
 * Returns how to split the keys. It depends only on the request, so that equal requests round alike, however they are cut into
 * passes.
 * @param rows tokens of the request
 * @param total tokens of the sequence after the request
 */
export function splitsOf(rows: number, total: number, { whole, split }: RowSplits): Splits {
  if (rows === 1) {
    return total <= whole ? { count: 1, keys: whole } : { count: Math.ceil(total / split), keys: split };
  }
  const most = Math.max(1, Math.floor(MOST_SPLITS / rows));
  const wanted = Math.min(most, Math.ceil(total / SPLIT_KEYS));
  const keys = Math.ceil(total / wanted / WHOLE_TILES) * WHOLE_TILES;
  return { count: Math.ceil(total / keys), keys };
}
