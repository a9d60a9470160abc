import type { Moment } from '../../text/index.js';
import type { ModelSpec, SourceSpec, StudySpec } from '../spec/index.js';
import type { Arm } from './arm.js';
import type { CellLabels } from './record.js';

/** A unit of work. It does not depend on other cells, and its result is stored under its address. */
export interface Cell {
  /**
   * SHA-256, in hex, of everything the result depends on: the model's weights, blueprint, tokenizer and template,
   * executor, precision, versions that matter, the scenario's content, the arm, sampling, seed, rounds and probes, and the
   * moment if the template can write one. The names of arms, models and studies are not included, so renaming an arm
   * recomputes nothing.
   */
  readonly address: string;
  readonly kind: 'dialogue' | 'cost' | 'ranking' | 'chance';
  readonly labels: CellLabels;
  readonly model: ModelSpec;
  readonly source: SourceSpec;
  readonly arm: Arm;
  /** The measure of a cost cell; null for other cells. */
  readonly measure: 'kl' | 'perplexity' | 'choice' | null;
  /** The date and time that the template writes if it writes one: the same for all cells of a study. */
  readonly now: Moment;
  readonly settings: Pick<StudySpec, 'sampling' | 'maxTokens' | 'probeRounds' | 'probeRepeats' | 'costs'>;
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
  /** Tokens decoded in answers, also to probes; 0 for a cost cell, which decodes none. */
  readonly decodedTokens: number;
}
