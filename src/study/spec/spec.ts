import type { HeadPair, Policy, Schedule, Target } from '../../attention/index.js';
import type { SamplingOptions } from '../../engine/index.js';
import type { Precision } from '../../executors/index.js';
import type { ExecutorName } from '../../load.js';

/** A study, checked and complete: everything that a specification may leave out has its default. */
export interface StudySpec {
  readonly name: string;
  /** What it is to find out, one sentence; null where the file does not say. */
  readonly question: string | null;
  readonly models: readonly ModelSpec[];
  readonly sources: readonly SourceSpec[];
  /** Each dialogue is led once with each. */
  readonly seeds: readonly number[];
  readonly sampling: SamplingOptions;
  /** Tokens of an answer at most, a probe's included. */
  readonly maxTokens: number;
  /** After which rounds probes are put, ascending. */
  readonly probeRounds: readonly number[];
  /** The first is the one that the others are compared with. */
  readonly arms: readonly ArmSpec[];
  readonly costs: CostsSpec;
  /** How many scenarios, beyond those of the study, heads are ranked on; used where an arm asks for it. */
  readonly rankingDialogues: number;
  /** Rounds that tables call early and late, first and last included. */
  readonly early: readonly [first: number, last: number];
  readonly late: readonly [first: number, last: number];
}

export interface ModelSpec {
  readonly name: string;
  /** A path, or the name of an embedded model. */
  readonly path: string;
  readonly executor: ExecutorName;
  /** Null for executors that have none. */
  readonly precision: Precision | null;
}

interface Dialogues {
  readonly name: string;
  /** How many scenarios of the source, and the index of the first. */
  readonly dialogues: number;
  readonly first: number;
  readonly rounds: number;
}

export type SourceSpec =
  | (Dialogues & { readonly kind: 'organism' })
  | (Dialogues & MaterialChoice & { readonly kind: 'self-chat' })
  | (Dialogues & MaterialChoice & { readonly kind: 'script'; readonly script: string })
  /** `given` answers at the front are the material's own, and obey. */
  | (Dialogues &
      MaterialChoice & { readonly kind: 'primed'; readonly script: string; readonly given: number })
  /** What was said in recorded dialogues is said again; answers are the model's own. */
  | (Dialogues & { readonly kind: 'replay'; readonly file: string });

interface MaterialChoice {
  /** A folder like `experiments/material`; null for that itself. */
  readonly material: string | null;
  /** Groups of prompts that are used; null: all. */
  readonly groups: readonly string[] | null;
}

export interface ArmSpec {
  readonly name: string;
  readonly policy: Policy;
  /** Null for `off` and `hold`. */
  readonly schedule: Schedule | null;
  readonly target: Target;
  /** Heads that the policy acts on. */
  readonly on: HeadChoice;
  /** Heads whose output is knocked out; null: none. */
  readonly silence: HeadChoice | null;
  readonly repeatEvery: number | null;
  /** γ of classifier-free guidance; null: none. */
  readonly guidance: number | null;
}

/** A set of heads, possibly one that is only known once heads were ranked. */
export type HeadChoice =
  | { readonly kind: 'all' }
  /** Every head of these layers, these heads of every layer, or these heads of these layers. */
  | {
      readonly kind: 'grid';
      readonly layers: readonly number[] | null;
      readonly heads: readonly number[] | null;
    }
  | { readonly kind: 'pairs'; readonly pairs: readonly HeadPair[] }
  | { readonly kind: 'top' | 'bottom'; readonly count: number; readonly by: 'share' | 'decay' }
  | { readonly kind: 'random'; readonly count: number; readonly seed: number };

export type { HeadPair };

/** What is measured of every arm's cost; 0 or null: not measured. */
export interface CostsSpec {
  /** Held-out dialogues for the KL divergence from the untouched model. */
  readonly kl: number;
  /** Held-out texts for perplexity. */
  readonly perplexity: number;
  /** `bundled`, or a CSV as MMLU has it, or JSONL, and how many of its questions (null: all); null: none. */
  readonly choice: { readonly file: string; readonly questions: number | null } | null;
}
