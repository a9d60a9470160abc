/** A planned cell of a study: what it computes, and what it is called in the specification. */
export interface StudyCell {
  readonly address: string;
  /** `dialogue`, `cost`, … */
  readonly kind: string;
  readonly model: string;
  readonly source: string;
  readonly arm: string;
  readonly seed: number;
  /** Index of the scenario in the source. */
  readonly index: number;
}

/** The states of a cell. */
export const CELL_STATES = ['missing', 'done', 'failed', 'damaged'] as const;
/** One of {@link CELL_STATES}. */
export type CellState = (typeof CELL_STATES)[number];

/** A cell whose state has changed. */
export interface CellNews {
  /** Its place in the plan. */
  readonly at: number;
  readonly state: CellState;
  /** Why it failed, or how its file is damaged; else null. */
  readonly error: string | null;
  /** When its file was written, in milliseconds since 1970; 0 without a file. */
  readonly writtenMs: number;
}

/** What is in a study's folder, and what comes while it runs. */
export type StudyEvent =
  /** The plan: at first, and when it has changed. */
  | { readonly kind: 'plan'; readonly name: string; readonly cells: readonly StudyCell[] }
  | { readonly kind: 'cells'; readonly cells: readonly CellNews[] }
  /** All cells that were there have been told: from now on, the others are missing. */
  | { readonly kind: 'read' }
  /** When the report was written, in milliseconds since 1970; null if there is none. */
  | { readonly kind: 'report'; readonly writtenMs: number | null };

/** Asks for a dialogue of a study. */
export interface DialogueRequest {
  readonly study: string;
  /** That of its cell. */
  readonly address: string;
}

/** A dialogue of a study. */
export interface StudyDialogue {
  readonly scenario: string;
  readonly group: string;
  readonly system: string;
  readonly rounds: readonly StudyRound[];
}

/** A round of a dialogue of a study. */
export interface StudyRound {
  readonly round: number;
  readonly user: string;
  readonly answer: string;
  /** Whether the model ended its answer itself. */
  readonly finished: boolean;
  readonly contextTokens: number;
  readonly strength: number | null;
  readonly notice: string | null;
  /** The prompt's mean share in the answer, before and after the policy. */
  readonly share: { readonly before: number | null; readonly after: number | null };
  readonly probes: readonly StudyProbe[];
}

/** A probe, the answer to it and its score. */
export interface StudyProbe {
  readonly label: string;
  readonly question: string;
  readonly answer: string;
  /** 0…1. */
  readonly score: number;
}
