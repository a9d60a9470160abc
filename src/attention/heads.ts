import { HoldfastError } from '../errors.js';

/** The size of a model's grid of heads. */
export interface HeadGrid {
  readonly layers: number;
  readonly heads: number;
}

/** A layer and one of its query heads, both counted from 0. */
export type HeadPair = readonly [layer: number, head: number];

/**
 * A non-empty set of heads: either every combination of `layers` and `heads` (each means all if absent), or `pairs`.
 */
export type HeadSelection =
  | {
      readonly layers?: readonly number[] | undefined;
      readonly heads?: readonly number[] | undefined;
      readonly pairs?: undefined;
    }
  | { readonly layers?: undefined; readonly heads?: undefined; readonly pairs: readonly HeadPair[] };

/**
 * Marks the selected heads: `[layers × heads]`, 1 where selected.
 * @throws HoldfastError `E_STRENGTH` if a layer or a head does not exist, a selection is empty, or `pairs` is combined
 * with `layers` or `heads`
 */
export function headMask({ layers, heads, pairs }: HeadSelection, grid: HeadGrid): Uint8Array {
  const mask = new Uint8Array(grid.layers * grid.heads);
  if (pairs === undefined) {
    const chosenLayers = layers ?? everyIndex(grid.layers);
    const chosenHeads = heads ?? everyIndex(grid.heads);
    checkIndices('layer', chosenLayers, grid.layers);
    checkIndices('head', chosenHeads, grid.heads);
    for (const layer of chosenLayers) for (const head of chosenHeads) mask[layer * grid.heads + head] = 1;
    return mask;
  }
  if (layers !== undefined || heads !== undefined) {
    throw new HoldfastError('E_STRENGTH', 'pairs cannot be combined with layers or heads', {
      field: 'pairs',
      hint: 'Give either pairs, or layers and heads',
    });
  }
  if (pairs.length === 0) throw nothingSelected('head', 'pairs');
  for (const [layer, head] of pairs) {
    checkIndex('layer', layer, grid.layers, 'pairs');
    checkIndex('head', head, grid.heads, 'pairs');
    mask[layer * grid.heads + head] = 1;
  }
  return mask;
}

function checkIndices(kind: 'layer' | 'head', chosen: readonly number[], count: number): void {
  if (chosen.length === 0) throw nothingSelected(kind, `${kind}s`);
  for (const index of chosen) checkIndex(kind, index, count, `${kind}s`);
}

function checkIndex(kind: 'layer' | 'head', index: number, count: number, field: string): void {
  if (Number.isInteger(index) && index >= 0 && index < count) return;
  throw new HoldfastError('E_STRENGTH', `${kind} ${index} does not exist: the model has ${count} ${kind}s`, {
    field,
  });
}

function nothingSelected(kind: 'layer' | 'head', field: string): HoldfastError {
  return new HoldfastError('E_STRENGTH', `no ${kind} is selected`, {
    field,
    hint: `Name at least one, or leave out ${field} to select all`,
  });
}

const everyIndex = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
