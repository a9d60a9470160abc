import type { Blueprint, RopeBlueprint } from '../../architectures/index.js';
import { HoldfastError } from '../../errors.js';

/** What executors that stack layers need to know of a blueprint: sizes, and which layers share their masks. */
export interface DecoderShape {
  readonly layers: number;
  readonly heads: number;
  readonly kvHeads: number;
  /** Query heads to a key-value head. */
  readonly group: number;
  readonly headDim: number;
  /** Distinct sliding windows (null: none), and each layer's index among them. */
  readonly windows: readonly (number | null)[];
  readonly windowOf: readonly number[];
  /** Distinct rotary embeddings, and each layer's index among them; null: the layer has none. */
  readonly ropes: readonly RopeBlueprint[];
  readonly ropeOf: readonly (number | null)[];
}

/** @throws HoldfastError `E_UNSUPPORTED` when layers differ in heads or head size: caches are stacked over layers. */
export function decoderShape(blueprint: Blueprint): DecoderShape {
  const attentions = blueprint.layers.map((layer) => layer.attention);
  const { heads, kvHeads, headDim } = attentions[0]!;
  if (attentions.some((a) => a.heads !== heads || a.kvHeads !== kvHeads || a.headDim !== headDim)) {
    throw new HoldfastError(
      'E_UNSUPPORTED',
      'this executor needs the same heads and head size in all layers',
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
