import type { Blueprint, RopeBlueprint } from '../../architectures/index.js';
import { HoldfastError } from '../../errors.js';

/**
 * The parts of a blueprint that executors with stacked layers need: sizes, and which layers share windows and ropes.
 */
export interface DecoderShape {
  readonly layers: number;
  readonly heads: number;
  readonly kvHeads: number;
  /** Query heads per key-value head. */
  readonly group: number;
  readonly headDim: number;
  /** Distinct sliding windows; null: no window. */
  readonly windows: readonly (number | null)[];
  /** `[layers]`: each layer's index in `windows`. */
  readonly windowOf: readonly number[];
  /** Distinct rotary embeddings. */
  readonly ropes: readonly RopeBlueprint[];
  /** `[layers]`: each layer's index in `ropes`; null: the layer has no rotary embedding. */
  readonly ropeOf: readonly (number | null)[];
}

/**
 * Returns a blueprint's shape.
 * @throws HoldfastError `E_UNSUPPORTED` if layers differ in heads or head size: caches are stacked over layers
 */
export function decoderShape(blueprint: Blueprint): DecoderShape {
  const attentions = blueprint.layers.map((layer) => layer.attention);
  const { heads, kvHeads, headDim } = attentions[0]!;
  if (attentions.some((a) => a.heads !== heads || a.kvHeads !== kvHeads || a.headDim !== headDim)) {
    throw new HoldfastError(
      'E_UNSUPPORTED',
      'this executor needs the same number of heads and the same head size in all layers',
    );
  }
  const windows = [...new Set(attentions.map(({ window }) => window))];
  const distinct = new Map<string, RopeBlueprint>();
  for (const { rope } of attentions) if (rope !== null) distinct.set(JSON.stringify(rope), rope);
  const ropeKeys = [...distinct.keys()];
  return {
    layers: attentions.length,
    heads,
    kvHeads,
    group: heads / kvHeads,
    headDim,
    windows,
    windowOf: attentions.map(({ window }) => windows.indexOf(window)),
    ropes: [...distinct.values()],
    ropeOf: attentions.map(({ rope }) => (rope === null ? null : ropeKeys.indexOf(JSON.stringify(rope)))),
  };
}
