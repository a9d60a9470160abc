import type { LayerWeight } from '../../architectures/index.js';
import type { Linear } from './linear.js';

/** The weights of the graph. Each layer's weights are read when the graph asks for them. */
export interface GraphWeights {
  readonly head: Linear;
  /** `[hidden]` */
  readonly finalNorm: Float32Array;
  layer(index: number): Promise<GraphLayerWeights>;
}

/** The weights of one layer of the graph. */
export interface GraphLayerWeights {
  readonly norms: Readonly<Partial<Record<LayerWeight, Float32Array>>>;
  /** Heads are in the order (group, kvHeads). */
  readonly query: Linear;
  readonly key: Linear;
  readonly value: Linear;
  readonly output: Linear;
  readonly gate: Linear;
  readonly up: Linear;
  readonly down: Linear;
}
