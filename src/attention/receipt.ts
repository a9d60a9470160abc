import { HoldfastError } from '../errors.js';
import type { TokenRange } from '../text/index.js';
import { type SightedGrid, seesBothSides } from './means.js';
import { isIdentity, mapShare, POLICY_RULES } from './policy.js';
import type { Strengths } from './strength.js';

/**
 * The record of what an intervention did, read from the shares that the executor returned. Every generation has one, so
 * that a claim that the policy was on can be checked.
 */
export interface Receipt {
  /** Rows (query tokens) that passed through the executor. */
  readonly rows: number;
  /** Row × head pairs whose share changed, per layer. */
  readonly touched: readonly number[];
  /** Number of heads that a policy was asked to act on, per layer; the maximum over all passes. */
  readonly headsAsked: readonly number[];
  /** Rows that a policy can change, per layer: those that see a token of the target and one outside it. */
  readonly changeable: readonly number[];
  /** The target's mean share over these rows and all heads, per layer, before and after; null if there is no such row. */
  readonly meanBefore: readonly (number | null)[];
  readonly meanAfter: readonly (number | null)[];
  /** Why a policy that was asked to act changed no share; null if it changed one, was not asked, or had nothing to do. */
  readonly untouched: string | null;
}

/** The strengths requested for one forward pass, and the shares that it returned. */
export interface ReceiptEntry {
  readonly strengths: Strengths;
  readonly target: readonly TokenRange[];
  /** Position of the first row's token. */
  readonly start: number;
  /** `[layers, heads, rows]`. */
  readonly before: Float32Array;
  readonly after: Float32Array;
}

/** Executors agree on shares to within this tolerance, so a share of 1 may be reported as slightly less. */
const SHARE_TOLERANCE = 1e-5;

/** Counts the row × head pairs whose share a policy changed, `[layers]`. */
export function changedPairs(
  { before, after }: Pick<ReceiptEntry, 'before' | 'after'>,
  layers: number,
): Int32Array {
  const perLayer = before.length / layers;
  return Int32Array.from({ length: layers }, (_, layer) => {
    let changed = 0;
    for (let i = layer * perLayer; i < (layer + 1) * perLayer; i++) if (before[i] !== after[i]) changed++;
    return changed;
  });
}

/** Returns whether a policy changed any share. */
export function hasActed({ touched }: Pick<Receipt, 'touched'>): boolean {
  return touched.some((pairs) => pairs > 0);
}

/**
 * Checks that a policy that was asked to act did so somewhere in a run, such as a dialogue's turns or a trace. A floor may
 * be below every share of one answer and act in the next.
 * @throws HoldfastError `E_UNTOUCHED` if it changed no share in any of the generations
 */
export function assertTouched(run: readonly { readonly receipt: Receipt | null }[]): void {
  const taken = run.flatMap(({ receipt }) => receipt ?? []);
  const reason = taken.findLast(({ untouched }) => untouched !== null)?.untouched ?? null;
  if (reason === null || taken.some(hasActed)) return;
  const rows = taken.reduce((sum, receipt) => sum + receipt.rows, 0);
  throw untouchedError(rows, taken[0]!.touched.length, reason);
}

/** Returns the error for a policy that changed no share. */
export function untouchedError(rows: number, layers: number, reason: string): HoldfastError {
  return new HoldfastError(
    'E_UNTOUCHED',
    `the intervention changed no share in ${rows} rows and ${layers} layers`,
    { hint: reason },
  );
}

/** Accumulates forward passes into a {@link Receipt}. */
export class ReceiptBook {
  #rows = 0;
  readonly #touched: Float64Array;
  readonly #headsAsked: Float64Array;
  readonly #changeable: Float64Array;
  readonly #sumBefore: Float64Array;
  readonly #sumAfter: Float64Array;
  readonly #spared = new SparedShares();

  constructor(readonly grid: SightedGrid) {
    this.#touched = new Float64Array(grid.layers);
    this.#headsAsked = new Float64Array(grid.layers);
    this.#changeable = new Float64Array(grid.layers);
    this.#sumBefore = new Float64Array(grid.layers);
    this.#sumAfter = new Float64Array(grid.layers);
  }

  add(entry: ReceiptEntry): void {
    const { strengths, target, start, before, after } = entry;
    const { layers, heads, windows } = this.grid;
    const rows = before.length / (layers * heads);
    const changed = changedPairs(entry, layers);
    this.#rows += rows;
    for (let layer = 0; layer < layers; layer++) {
      this.#touched[layer]! += changed[layer]!;
      let asked = 0;
      for (let head = 0; head < heads; head++) {
        if (!isIdentity(strengths.policy, strengths.strength[layer * heads + head]!)) asked++;
      }
      this.#headsAsked[layer] = Math.max(this.#headsAsked[layer]!, asked);
      for (let row = 0; row < rows; row++) {
        if (!seesBothSides(windows[layer]!, start + row, target)) continue;
        this.#changeable[layer]!++;
        for (let head = 0; head < heads; head++) {
          const at = (layer * heads + head) * rows + row;
          this.#sumBefore[layer]! += before[at]!;
          this.#sumAfter[layer]! += after[at]!;
        }
      }
    }
    if (!hasActed({ touched: [...this.#touched] })) this.#spared.add(entry);
  }

  /**
   * Returns the receipt of a complete generation. It is not an error here if no share can be changed, or the strength
   * reaches none: {@link assertTouched} checks that over a whole run.
   * @throws HoldfastError `E_UNTOUCHED` if the executor changed none of the shares that it should have changed
   */
  receipt(): Receipt {
    const receipt = this.soFar();
    const asked = this.#headsAsked.some((count) => count > 0);
    if (!asked || this.#rows === 0 || hasActed(receipt) || this.#spared.asIntended) return receipt;
    const untouched = this.#spared.reason;
    if (this.#spared.isError) throw untouchedError(this.#rows, this.grid.layers, untouched);
    return { ...receipt, untouched };
  }

  /** Returns the receipt of the rows so far, without the check: a run cut short may have reached no row it could change. */
  soFar(): Receipt {
    const meansOf = (sums: Float64Array): (number | null)[] =>
      Array.from(sums, (sum, layer) => {
        const rows = this.#changeable[layer]!;
        return rows === 0 ? null : sum / (rows * this.grid.heads);
      });
    return {
      rows: this.#rows,
      touched: [...this.#touched],
      headsAsked: [...this.#headsAsked],
      changeable: [...this.#changeable],
      meanBefore: meansOf(this.#sumBefore),
      meanAfter: meansOf(this.#sumAfter),
      untouched: null,
    };
  }
}

/** Finds out why shares did not change that a policy was asked to act on. */
class SparedShares {
  /** The smallest and the largest of the shares between 0 and 1. */
  #least = Number.POSITIVE_INFINITY;
  #most = Number.NEGATIVE_INFINITY;
  /** Number of shares that the policy's formula would have changed. */
  #due = 0;
  #policy: Strengths['policy'] = 'off';
  #strengths = new Set<number>();

  add({ strengths: { policy, strength }, before }: ReceiptEntry): void {
    const rows = before.length / strength.length;
    for (const [pair, each] of strength.entries()) {
      if (isIdentity(policy, each)) continue;
      this.#policy = policy;
      this.#strengths.add(each);
      for (const share of before.subarray(pair * rows, (pair + 1) * rows)) {
        if (!(share > 0 && share < 1 - SHARE_TOLERANCE)) continue;
        this.#least = Math.min(this.#least, share);
        this.#most = Math.max(this.#most, share);
        if (Math.abs(mapShare(policy, share, each) - share) > SHARE_TOLERANCE) this.#due++;
      }
    }
  }

  /** Whether no row sees keys both inside and outside the target. */
  get #none(): boolean {
    return this.#least > this.#most;
  }

  /** Whether the executor did not change a share that it should have changed. */
  get isError(): boolean {
    return this.#due > 0;
  }

  /** Whether the policy measures its own strength and had nothing to change. */
  get asIntended(): boolean {
    return this.#due === 0 && !this.#none && POLICY_RULES[this.#policy].noStrength !== null;
  }

  get reason(): string {
    if (this.#none) {
      return 'No row sees both a key inside the target and one outside it: check the target and the sliding window';
    }
    const range = `The target's shares range from ${text(this.#least)} to ${text(this.#most)}`;
    const { symbol } = POLICY_RULES[this.#policy];
    const strength = `${this.#policy} with ${symbol} ${rangeText([...this.#strengths])}`;
    return this.#due === 0
      ? `${range}: ${strength} changes none of them`
      : `${range}: ${strength} should have changed ${this.#due} of them, but the executor did not`;
  }
}

function rangeText(values: readonly number[]): string {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return least === most ? `= ${text(least)}` : `from ${text(least)} to ${text(most)}`;
}

const text = (value: number): string => String(Number(value.toPrecision(6)));
