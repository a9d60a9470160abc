import type { CellLabels, CellRecord, CellTiming, StudySpec } from '../index.js';

/** All that a study left behind, as the analysis takes it. */
export interface StudyResult {
  readonly spec: StudySpec;
  readonly models: readonly ModelFacts[];
  /** What ran, by name. */
  readonly versions: Readonly<Record<string, string>>;
  readonly records: readonly CellRecord[];
  readonly timings: readonly LabelledTiming[];
}

/** What must be known of a model beyond its name. */
export interface ModelFacts {
  /** As the specification names it. */
  readonly name: string;
  /** SHA-256 of the weights, hex. */
  readonly weights: string;
  readonly layers: number;
  readonly heads: number;
}

/** How long a dialogue took; costs and rankings do other work and are not compared by it. */
export type LabelledTiming = CellLabels & Omit<CellTiming, 'address'>;
