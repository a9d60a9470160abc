import type { LayerWeight } from '../../architectures/index.js';
import type { Linear } from './linear.js';

/** The weights the graph is built of; a layer's are asked for one after another, so that they can be read then. */
export interface GraphWeights {
  readonly head: Linear;
  /** `[hidden]` */
  readonly finalNorm: Float32Array;
  layer(index: number): Promise<GraphLayerWeights>;
}

export interface GraphLayerWeights {
  readonly norms: Readonly<Partial<Record<LayerWeight, Float32Array>>>;
  /** Its heads in the order (group, kvHeads). */
  readonly query: Linear;
  readonly key: Linear;
  readonly value: Linear;
  readonly output: Linear;
  readonly gate: Linear;
  readonly up: Linear;
  readonly down: Linear;
}
