import type { SamplingOptions } from '../engine/index.js';
import type {
  ArmSpec,
  CellLabels,
  CellRecord,
  CellTiming,
  FailureRecord,
  PlannedCell,
} from '../study/index.js';

/** All that a study left behind, as the analysis takes it. */
export interface StudyResult {
  readonly spec: ReportedSpec;
  readonly models: readonly ModelFacts[];
  /** What ran, by name. */
  readonly versions: Readonly<Record<string, string>>;
  readonly records: readonly KeptRecord[];
  /** What is planned and has no result. */
  readonly gaps: readonly Gap[];
  readonly timings: readonly LabelledTiming[];
  /** The specification as it was written. */
  readonly text: string;
  /** How the study was named when it was run, and where its records lie, for commands that repeat it. */
  readonly file: string;
  readonly folder: string;
}

export type KeptRecord = Exclude<CellRecord, FailureRecord>;

/** A planned cell without a result: it failed, or has not been computed. */
export type Gap = CellLabels &
  Pick<PlannedCell, 'kind' | 'measure'> & {
    /** Why it failed; null when it is not there. */
    readonly error: string | null;
  };

/** What a report needs of a specification; a complete one is one of these. */
export interface ReportedSpec {
  readonly name: string;
  readonly question: string | null;
  readonly models: readonly {
    readonly name: string;
    readonly executor: string;
    readonly precision: string | null;
  }[];
  readonly sources: readonly {
    readonly name: string;
    readonly kind: string;
    readonly dialogues: number;
    readonly rounds: number;
  }[];
  readonly seeds: readonly number[];
  readonly sampling: SamplingOptions;
  readonly maxTokens: number;
  /** The first is the one that the others are compared with. */
  readonly arms: readonly ReportedArm[];
  readonly early: readonly [first: number, last: number];
  readonly late: readonly [first: number, last: number];
}

/** What must be known of an arm: its settings, as the specification has them. */
export type ReportedArm = Omit<ArmSpec, 'policy'> & { readonly policy: string };

/** What must be known of a model beyond its name. */
export interface ModelFacts {
  /** As the specification names it. */
  readonly name: string;
  /** SHA-256 of the weights, hex. */
  readonly hash: string;
  readonly layers: number;
  readonly heads: number;
}

/** How long a dialogue took; costs and rankings do other work and are not compared by it. */
export type LabelledTiming = CellLabels & Omit<CellTiming, 'address'>;
