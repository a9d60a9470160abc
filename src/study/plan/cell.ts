import type { ModelSpec, SourceSpec, StudySpec } from '../spec/index.js';
import type { Arm } from './arm.js';
import type { CellLabels } from './record.js';

/** A piece of work that stands for itself: it needs nothing of another cell, and its result is filed under its address. */
export interface Cell {
  /**
   * SHA-256, hex, over all that the result depends on: the model's weights, blueprint, tokenizer and template, executor,
   * precision, versions that matter, the scenario's content, the arm, sampling, seed, rounds and probes. Names of arms,
   * models and studies are not among it: who renames an arm computes nothing anew.
   */
  readonly address: string;
  readonly kind: 'dialogue' | 'cost' | 'ranking';
  readonly labels: CellLabels;
  readonly model: ModelSpec;
  readonly source: SourceSpec;
  readonly arm: Arm;
  /** What is measured, of a cost cell. */
  readonly measure: 'kl' | 'perplexity' | 'choice' | null;
  readonly settings: Pick<StudySpec, 'sampling' | 'maxTokens' | 'probeRounds' | 'costs'>;
}

/** How long a cell took and where; kept beside the records, never in them. */
export interface CellTiming {
  readonly address: string;
  /** Wall time of the cell, and of its forward passes. */
  readonly totalMs: number;
  readonly executorMs: number;
  /** Tokens of answers, those to probes included, of a dialogue or ranking; 0 of a cost, which decodes none. */
  readonly decodedTokens: number;
}
