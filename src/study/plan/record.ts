import type { UnrelatedPrompt } from '../../scenario/index.js';
import type { ShareSpread } from '../../statistics/index.js';

// A study stores one record per cell. Records are plain JSON, and the same cell on the same machine with the same
// versions always gives the same bytes: numbers have 6 significant digits unless noted, and times are kept apart (see
// `cell.ts`).

/** Identifies the cell of a record within its study, by the names in the specification. */
export interface CellLabels {
  /** Name in the specification. */
  readonly model: string;
  readonly executor: string;
  readonly precision: string;
  readonly source: string;
  readonly arm: string;
  readonly seed: number;
  /** Index of the scenario or held-out item in the source. */
  readonly index: number;
}

/** The result of a cell. */
export type CellRecord =
  | DialogueRecord
  | CostRecord
  | InfluenceRecord
  | RankingRecord
  | ChanceRecord
  | FailureRecord;

/** A dialogue under an arm. */
export interface DialogueRecord extends CellLabels {
  readonly kind: 'dialogue';
  readonly scenario: string;
  readonly group: string;
  /** The scenario's system prompt, which the probes are about, also if an arm leaves it out. Statistics cluster by it. */
  readonly system: string;
  readonly rounds: readonly RoundRecord[];
  /** All tokens forwarded, including probes and, with guidance, the second context. */
  readonly forwardedTokens: number;
  readonly forwardPasses: number;
  /**
   * Those of the forwarded tokens that were computed again, without the policy, for a clean cache. Only in records of arms
   * with one.
   */
  readonly recomputedTokens?: number;
}

/** A round of a dialogue: the user's message, the answer, its shares and scores. */
export interface RoundRecord {
  /** Number of the round, from 1, without the given exchanges. */
  readonly round: number;
  readonly user: string;
  readonly answer: string;
  /** Whether the model ended its answer itself. */
  readonly finished: boolean;
  /** Tokens in the context when the answer began, including those that the arm adds. */
  readonly contextTokens: number;
  /**
   * Tokens of the prompt in the context (target message; what an arm repeats is not counted). Null in records of older
   * versions.
   */
  readonly systemTokens: number | null;
  /** The policy's strength in the answer's first row; null for arms without one. */
  readonly strength: number | null;
  /**
   * Why the policy did not do what the arm asks for: its target was not in the dialogue yet or out of every layer's sight,
   * or its schedule could not reach its share. Null if it did.
   */
  readonly notice: string | null;
  /**
   * The prompt's share (target message, whatever the arm acts on; what an arm repeats is not counted): the mean over the
   * answer's rows that see it and the heads that see furthest. Null if they see it in none. `spread` and `controls` are of
   * the same heads.
   */
  readonly share: { readonly before: number | null; readonly after: number | null };
  /** Distribution of its share before the policy over these rows × heads; null if there are none. */
  readonly spread: ShareSpread | null;
  /**
   * Each head's mean share of the prompt before the policy over the rows in which it sees the prompt, `[layers × heads]`,
   * to 4 significant digits; null for a head that never does.
   */
  readonly heads: readonly (number | null)[];
  /**
   * Mean shares of controls before the policy; null for one that is not in sight. `random` is null until the dialogue is
   * long enough for it.
   */
  readonly controls: {
    readonly sink: number | null;
    readonly template: number | null;
    readonly random: number | null;
  };
  /** How far the answer follows the prompt, 0…1; null if the scenario cannot tell. */
  readonly obedience: number | null;
  /** Whether the answer makes sense, 0…1; null if the scenario cannot tell. */
  readonly ability: number | null;
  readonly fluency: number;
  readonly probes: readonly ProbeRecord[];
}

/** A probe, the answer to it and its score. */
export interface ProbeRecord {
  readonly label: string;
  readonly question: string;
  /** Kinds of the rules that judged the answer, such as `contains + count`; null if no rule of material did. */
  readonly rule: string | null;
  /** Counts how often the probe was asked after this round, from 1. */
  readonly repeat: number;
  readonly answer: string;
  /** 0…1. */
  readonly score: number;
}

/** The cost of an arm on one held-out item. */
export interface CostRecord extends CellLabels {
  readonly kind: 'cost';
  /** `kl`: D(untouched ‖ arm) on a held-out dialogue; `perplexity`: −log p of held-out text; `choice`: right answers. */
  readonly measure: 'kl' | 'perplexity' | 'choice';
  readonly item: string;
  /** Sum over tokens in nats (`kl`, `perplexity`), or the number of right answers (`choice`). */
  readonly sum: number;
  /** Number of tokens or questions in the sum. */
  readonly count: number;
  /** The divergence in each round of the held-out dialogue, in nats; only of `kl`, and absent in records of older versions. */
  readonly rounds?: readonly RoundSum[] | undefined;
}

/** A sum over the tokens of a round's answer, in nats, and their number. */
export interface RoundSum {
  /** From 1. */
  readonly round: number;
  readonly sum: number;
  readonly count: number;
}

/**
 * The influence of a dialogue's prompt under an arm. The direct one is measured on the answers that the untouched model gave in
 * this dialogue, the same for all arms; the total one on the arm's own answers, beside those that it gives under the reference.
 */
export interface InfluenceRecord extends CellLabels {
  readonly kind: 'influence';
  /** Absent for the direct effect. */
  readonly effect?: 'total' | undefined;
  readonly scenario: string;
  /** The prompt whose influence is measured. */
  readonly system: string;
  readonly references: readonly ReferenceRecord[];
  /**
   * The rounds in which the arm's policy changed no share, for example because its target was not there yet; absent for none,
   * and in records of older versions.
   */
  readonly idle?: readonly number[] | undefined;
  /** Tokens forwarded: each prompt reads the whole dialogue. For the total effect, also to answer under the references. */
  readonly forwardedTokens: number;
  readonly forwardPasses: number;
}

/** The influence beside one reference. */
export interface ReferenceRecord {
  /** Its name in the specification. */
  readonly name: string;
  /** The prompt that stood in for the dialogue's own; null for none. */
  readonly system: string | null;
  readonly rounds: readonly RoundSum[];
}

/** Shares of the untouched model's heads, measured on a calibration dialogue. */
export interface RankingRecord extends CellLabels {
  readonly kind: 'ranking';
  readonly scenario: string;
  /** The system prompt, which no test dialogue has. Null in records of older versions. */
  readonly system: string | null;
  /** Each head's mean share of the prompt in each round, `[rounds][layers × heads]`, as in {@link RoundRecord}. */
  readonly heads: readonly (readonly (number | null)[])[];
}

/**
 * What the probes of a dialogue score by chance: the untouched model answers each of them as the first message of a
 * dialogue without the prompt, and the prompt's judge scores the answers.
 */
export interface ChanceRecord extends CellLabels {
  readonly kind: 'chance';
  readonly scenario: string;
  readonly group: string;
  /** The prompt that the probes are about. */
  readonly system: string;
  /** The prompt that half of the answers were given under; null if the source has none that is unrelated. */
  readonly unrelated: UnrelatedPrompt | null;
  /** Probes that differ in label or question, each asked under every condition. */
  readonly answers: readonly ChanceAnswer[];
}

/** An answer to a probe without the prompt. */
export interface ChanceAnswer extends ProbeRecord {
  /** `none`: without a system message; `unrelated`: under the unrelated prompt. */
  readonly under: 'none' | 'unrelated';
}

/** A cell that failed. `study run --retry-failed` computes it again. */
export interface FailureRecord extends CellLabels {
  readonly kind: 'failure';
  readonly error: string;
}

/** A failed cell and its error, for summaries. */
export interface FailedCell {
  readonly labels: CellLabels;
  readonly error: string;
}
