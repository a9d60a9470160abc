import type { ShareSpread } from '../../statistics/index.js';

export type { ShareSpread } from '../../statistics/index.js';

/**
 * What a study keeps: one record a cell. Records are plain JSON and the same bytes whenever the same cell is run on the
 * same machine and versions: numbers have 6 significant digits where not said otherwise, times are kept apart (see
 * `cell.ts`).
 */

/** Which cell a record is of: all that tells it from the others of its study, in the words of its specification. */
export interface CellLabels {
  /** As the specification names it. */
  readonly model: string;
  readonly executor: string;
  readonly precision: string;
  readonly source: string;
  readonly arm: string;
  readonly seed: number;
  /** Which scenario (or held-out item) of the source. The cluster of every statistic. */
  readonly index: number;
}

export type CellRecord = DialogueRecord | CostRecord | RankingRecord | FailureRecord;

/** A dialogue under an arm. */
export interface DialogueRecord extends CellLabels {
  readonly kind: 'dialogue';
  readonly scenario: string;
  readonly group: string;
  readonly system: string;
  readonly rounds: readonly RoundRecord[];
  /** Tokens that were forwarded in all: both models' with guidance, probes included. */
  readonly forwardedTokens: number;
  readonly forwardPasses: number;
}

export interface RoundRecord {
  /** From 1; given exchanges do not count. */
  readonly round: number;
  readonly user: string;
  readonly answer: string;
  /** Whether the model ended its answer itself. */
  readonly finished: boolean;
  /** Tokens of the context when the answer began, what an arm adds included. */
  readonly contextTokens: number;
  /** The policy's strength in the answer's first row; null for arms without one. */
  readonly strength: number | null;
  /**
   * The system prompt's share (target prefix, whatever the arm acts on; what an arm repeats is not counted) over the
   * answer's rows and heads. This, `spread` and `controls` are of the layers that see the whole dialogue, or of all where
   * each sees a window only: with a window, a share says nothing about distance.
   */
  readonly share: { readonly before: number; readonly after: number };
  /** How its share before the policy is spread over rows × heads. */
  readonly spread: ShareSpread;
  /** Each head's mean share of it before the policy, `[layers × heads]`, to 4 significant digits. */
  readonly heads: readonly number[];
  /** Mean shares of controls before the policy; `random` is null until the dialogue is long enough for one. */
  readonly controls: { readonly sink: number; readonly template: number; readonly random: number | null };
  /** 0…1, or null where the scenario cannot say. */
  readonly obedience: number | null;
  readonly ability: number | null;
  readonly fluency: number;
  readonly probes: readonly ProbeRecord[];
}

export interface ProbeRecord {
  readonly label: string;
  readonly question: string;
  readonly answer: string;
  /** 0…1. */
  readonly score: number;
}

/** What an arm costs the model on one held-out item. */
export interface CostRecord extends CellLabels {
  readonly kind: 'cost';
  /** `kl`: D(untouched ‖ arm) on a held-out dialogue; `perplexity`: −log p of held-out text; `choice`: right answers. */
  readonly measure: 'kl' | 'perplexity' | 'choice';
  readonly item: string;
  /** Sum over tokens in nats (`kl`, `perplexity`), or the number of right answers; */
  readonly sum: number;
  /** and over how many tokens or questions. */
  readonly count: number;
}

/** Heads of the untouched model, measured on scenarios that the study does not use otherwise. */
export interface RankingRecord extends CellLabels {
  readonly kind: 'ranking';
  readonly scenario: string;
  /** Each head's mean share of the system prompt in each round, `[rounds][layers × heads]`. */
  readonly heads: readonly (readonly number[])[];
}

/** A cell that failed. It is tried again when the study is run with `--retry-failed`. */
export interface FailureRecord extends CellLabels {
  readonly kind: 'failure';
  readonly error: string;
}

/** A cell that could not be computed, and why. */
export interface FailedCell {
  readonly labels: CellLabels;
  readonly error: string;
}
