import { HoldfastError } from '../errors.js';
import type { HeadGrid } from './heads.js';
import { isIdentity } from './policy.js';
import type { Strengths } from './strength.js';

/**
 * The record that an intervention was applied. A generation carries one, so that "it was on" is something that
 * can be read and not something that has to be believed.
 */
export interface Receipt {
  /** Rows (query tokens) that passed through the executor. */
  readonly rows: number;
  /** Row × head pairs that the policy acted on, per layer. */
  readonly touched: readonly number[];
  /** Heads that a policy was asked to act on, per layer, at the strongest asked for. */
  readonly headsAsked: readonly number[];
  /** Mean share of the target over rows and heads, per layer, before and after the policy. */
  readonly meanBefore: readonly number[];
  readonly meanAfter: readonly number[];
}

/** What one forward pass under an intervention returned. */
export interface ReceiptEntry {
  readonly strengths: Strengths;
  /** `[layers, heads, rows]`. */
  readonly before: Float32Array;
  readonly after: Float32Array;
  /** Row × head pairs touched, `[layers]`. */
  readonly touched: Int32Array;
}

/** Adds up forward passes into a {@link Receipt}. */
export class ReceiptBook {
  #rows = 0;
  readonly #touched: Float64Array;
  readonly #headsAsked: Float64Array;
  readonly #sumBefore: Float64Array;
  readonly #sumAfter: Float64Array;

  constructor(readonly grid: HeadGrid) {
    this.#touched = new Float64Array(grid.layers);
    this.#headsAsked = new Float64Array(grid.layers);
    this.#sumBefore = new Float64Array(grid.layers);
    this.#sumAfter = new Float64Array(grid.layers);
  }

  add({ strengths, before, after, touched }: ReceiptEntry): void {
    const { layers, heads } = this.grid;
    const perLayer = before.length / layers;
    this.#rows += perLayer / heads;
    for (let layer = 0; layer < layers; layer++) {
      this.#touched[layer]! += touched[layer]!;
      let asked = 0;
      for (let head = 0; head < heads; head++) {
        if (!isIdentity(strengths.policy, strengths.strength[layer * heads + head]!)) asked++;
      }
      this.#headsAsked[layer] = Math.max(this.#headsAsked[layer]!, asked);
      for (let i = layer * perLayer; i < (layer + 1) * perLayer; i++) {
        this.#sumBefore[layer]! += before[i]!;
        this.#sumAfter[layer]! += after[i]!;
      }
    }
  }

  /**
   * The record of a run that came to its end.
   * @throws HoldfastError `E_UNTOUCHED` when a policy was asked to act and no row was touched.
   */
  receipt(): Receipt {
    const { layers } = this.grid;
    const asked = this.#headsAsked.some((count) => count > 0);
    if (asked && this.#rows > 0 && this.#touched.every((count) => count === 0)) {
      throw new HoldfastError(
        'E_UNTOUCHED',
        `the intervention touched none of ${this.#rows} rows in ${layers} layers`,
        {
          hint: 'No row sees a key inside the target and one outside it: check the target, and the sliding window',
        },
      );
    }
    return this.soFar();
  }

  /** The record of the rows up to now. A run that is cut short may have come to none that could be touched. */
  soFar(): Receipt {
    const perLayer = Math.max(1, this.#rows * this.grid.heads);
    return {
      rows: this.#rows,
      touched: [...this.#touched],
      headsAsked: [...this.#headsAsked],
      meanBefore: [...this.#sumBefore].map((sum) => sum / perLayer),
      meanAfter: [...this.#sumAfter].map((sum) => sum / perLayer),
    };
  }
}
