import type { Reference } from '../../influence/index.js';
import type { Moment } from '../../text/index.js';
import type { ModelSpec, SourceSpec, StudySpec } from '../spec/index.js';
import type { Arm } from './arm.js';
import type { CellLabels, DialogueRecord } from './record.js';

/**
 * A unit of work, whose result is stored under its address. It does not depend on other cells, except that an influence cell
 * needs a dialogue.
 */
export interface Cell {
  /**
   * SHA-256, in hex, of everything the result depends on: the model's weights, blueprint, tokenizer and template,
   * executor, precision, versions that matter, the scenario's content, the arm, sampling, seed, rounds and probes, and the
   * moment if the template can write one. The names of arms, models and studies are not included, so renaming an arm
   * recomputes nothing.
   */
  readonly address: string;
  readonly kind: 'dialogue' | 'cost' | 'influence' | 'ranking' | 'chance';
  readonly labels: CellLabels;
  readonly model: ModelSpec;
  readonly source: SourceSpec;
  readonly arm: Arm;
  /** The measure of a cost cell; null for other cells. */
  readonly measure: 'kl' | 'perplexity' | 'choice' | null;
  /** Estimated work, in decoded tokens × parameters ({@link workOf}). Absent in plans of older versions. */
  readonly work?: number | undefined;
  /** What an influence cell measures; absent for other cells. */
  readonly influence?: InfluenceTask | undefined;
  /** The date and time that the template writes if it writes one: the same for all cells of a study. */
  readonly now: Moment;
  readonly settings: Pick<StudySpec, 'sampling' | 'maxTokens' | 'probeRounds' | 'probeRepeats' | 'costs'>;
}

/** What an influence cell measures. */
export interface InfluenceTask {
  /**
   * The address of the dialogue: the untouched model's, or for the total effect the arm's own. Its content follows from the
   * address, so that of the cell does too.
   */
  readonly dialogue: string;
  readonly references: readonly Reference[];
  /** The rounds to measure; null for all. */
  readonly rounds: readonly number[] | null;
  /** Set for the total effect: the model also answers under every reference. Absent for the direct one. */
  readonly effect?: 'total';
  /** The dialogue itself. A run adds it when it computes the cell, once the dialogue is known. */
  readonly recorded?: DialogueRecord;
}

/**
 * How long a cell took. While a thread computes n cells at once, each of them takes 1/n of the time. Timings are kept
 * apart from the records, which must not depend on them.
 */
export interface CellTiming {
  readonly address: string;
  /** The time of the whole cell. */
  readonly totalMs: number;
  /** The part of it in which the cells waited for forward passes. */
  readonly executorMs: number;
  /** Tokens decoded in answers of dialogues and to probes; 0 for cells of costs and influence. */
  readonly decodedTokens: number;
  /** The device of the executor that computed it, if it names one; records of older versions have none. */
  readonly device?: string;
}
