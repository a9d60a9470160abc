import type { SamplingOptions } from '../engine/index.js';
import type {
  AnalysisPlan,
  ArmSpec,
  CellLabels,
  CellRecord,
  CellTiming,
  FailureRecord,
  InfluenceSpec,
  LockedPlan,
  PlannedCell,
} from '../study/index.js';

/** What is known of a study besides its records. */
export interface StudyFacts {
  readonly spec: ReportedSpec;
  readonly models: readonly StudiedModel[];
  /** Versions of the software that ran, by name. */
  readonly versions: Readonly<Record<string, string>>;
  /** The date and time that the prompts contain if a template writes them; null if an older version ran the study. */
  readonly now: string | null;
  /** The analysis plan that was locked before the first cell, with its hash; null if none was. */
  readonly locked: { readonly sha256: string; readonly plan: ReportedPlan } | null;
  /** Planned cells without a result. */
  readonly gaps: readonly Gap[];
  /** The devices or libraries that computed the cells, with how many each; without those cells of which it is not known. */
  readonly devices: Readonly<Record<string, number>>;
  /** The specification as written. */
  readonly text: string;
  /** The specification's file as given to `study run`, and `--calibrate` if it was, for the command that repeats it. */
  readonly file: string;
  /** Options of `study report` by which the analysis differs from the specification. */
  readonly reportOptions: readonly string[];
  /** The name of the folder of the results. */
  readonly folder: string;
}

/** The results of a study, as read from its folder. */
export interface StudyResult extends StudyFacts {
  readonly records: readonly KeptRecord[];
  readonly timings: readonly LabelledTiming[];
}

/** The record of a cell that did not fail. */
export type KeptRecord = Exclude<CellRecord, FailureRecord>;

/** A planned cell without a result: it failed, or has not been computed. */
export type Gap = CellLabels &
  Pick<PlannedCell, 'kind' | 'measure'> & {
    /** Why it failed; null if it has not been computed. */
    readonly error: string | null;
  };

/** A locked plan. Its arms may have policies that this version does not know. */
export type ReportedPlan = Omit<LockedPlan, 'arms'> & { readonly arms: readonly ReportedArm[] };

/** The part of a specification that a report needs. Its analysis plan is that of the report, not the locked one. */
export interface ReportedSpec extends AnalysisPlan {
  readonly name: string;
  readonly question: string | null;
  readonly models: readonly {
    readonly name: string;
    readonly executor: string;
    readonly precision: string | null;
    /** Its recipe and training seed, if the specification says so. */
    readonly trained?: { readonly recipe: string; readonly seed: number } | undefined;
  }[];
  readonly sources: readonly {
    readonly name: string;
    readonly kind: string;
    readonly first: number;
    readonly dialogues: number;
    readonly rounds: number;
  }[];
  readonly seeds: readonly number[];
  /** How influence was measured; null if it was not. */
  readonly influence: InfluenceSpec | null;
  readonly sampling: SamplingOptions;
  readonly maxTokens: number;
  /** The first is the baseline. */
  readonly arms: readonly ReportedArm[];
}

/** An arm's settings in the specification. The policy may be one that this version does not know. */
export type ReportedArm = Omit<ArmSpec, 'policy'> & { readonly policy: string };

/** What a report needs to know of a model. */
export interface StudiedModel {
  /** Its name in the specification. */
  readonly name: string;
  /** SHA-256 of the weights, hex. */
  readonly hash: string;
  readonly layers: number;
  readonly heads: number;
  /** Whether its chat template can write the date or time. */
  readonly mayWriteTime: boolean;
}

/** How long a dialogue took. Cells of costs and rankings do other work, so their times are not compared. */
export type LabelledTiming = CellLabels & Omit<CellTiming, 'address'>;
