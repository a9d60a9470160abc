import type { Blueprint } from '../../architectures/index.js';
import type { DecoderShape } from '../contract/index.js';
import type { Value } from './tensor.js';
import type { GgmlWeights } from './weights.js';

/** The inputs of a graph: written before each run. */
export interface PassInputs {
  /** `[rows]`, I32 */
  readonly tokens: Value;
  readonly positions: Value;
  /** Where each row's keys go in the arena, by rows of `headDim` elements: `[kvHeads, rows]` as one list, I64. */
  readonly keyPlaces: Value;
  /** Where each row's values go, by elements: `[kvHeads, headDim, rows]` as one list, with the row outermost, I64. */
  readonly valuePlaces: Value;
  /** `[logit rows]`, I32; null if there are none. */
  readonly logitRows: Value | null;
  readonly groups: readonly GroupInputs[];
}

export interface GroupInputs {
  /** For each distinct window. */
  readonly windows: readonly {
    readonly mask: Value;
    /** 1 where a key belongs to a column, `[keys, columns, 1, sequences]`; column 0 is the target. Null: no shares. */
    readonly columns: Value | null;
    /**
     * Room for a fused kernel's values, with the columns of each key behind them: `[headDim + columns, keys, kvHeads]`,
     * F16. The graph writes the values, layer by layer.
     */
    readonly values: Value | null;
    readonly target: Value | null;
    readonly rest: Value | null;
    readonly mixed: Value | null;
  }[];
  /** `[heads, sequences, layers, parts]`, F32 */
  readonly numbers: Value | null;
  /** `[heads, sequences, layers]`, F32 */
  readonly gains: Value | null;
}

/** A rotary embedding in the form in which ggml takes it. */
export interface Rotation {
  /** `[rotaryDim / 2]`: 1 / frequency. */
  readonly divisors: Value;
  readonly rotaryDim: number;
  readonly amplitude: number;
}

/** What all graphs of an executor share. */
export interface DecoderParts {
  readonly blueprint: Blueprint;
  readonly shape: DecoderShape;
  readonly weights: GgmlWeights;
  /** `[heads · headDim, rows]`: where groups put the outputs of their attention, if a pass has several. */
  readonly scratch: Value;
}
