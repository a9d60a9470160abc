import type { HeadPair, Policy, Schedule, Target } from '../../attention/index.js';
import type { SamplingOptions } from '../../engine/index.js';
import type { Precision } from '../../executors/index.js';
import type { ExecutorName } from '../../load.js';
import type { Moment } from '../../text/index.js';

/** What a study will test. It is written before the study is run, and locked when its first cell is computed. */
export interface AnalysisPlan {
  /** The outcome that decides the study's question; null if none is declared, so that the study only explores. */
  readonly primary: PrimaryOutcome | null;
  /** Rounds that count as early, first and last included. */
  readonly early: readonly [first: number, last: number];
  /** Rounds that count as late, first and last included. */
  readonly late: readonly [first: number, last: number];
  /** The pairs of arms that are compared. */
  readonly contrasts: readonly Contrast[];
  /** Two arms are equivalent if their stability differs by less; null if none is declared. */
  readonly margin: number | null;
}

/**
 * The differences that can be a primary outcome: of stability or of the prompt's influence, in early or late rounds, or in
 * the last probed or measured one.
 */
export type PrimaryOutcome = `${'early' | 'late' | 'last'} ${'stability' | 'influence'}`;

/** Two arms, by name, whose difference is left minus right. */
export interface Contrast {
  readonly left: string;
  readonly right: string;
}

/** A checked specification with all defaults filled in. */
export interface StudySpec extends AnalysisPlan {
  readonly name: string;
  /** The question the study answers, in one sentence; null if the file has none. */
  readonly question: string | null;
  /** The date and time that the prompts contain if a template writes them; null for those of the study's first run. */
  readonly now: Moment | null;
  readonly models: readonly ModelSpec[];
  readonly sources: readonly SourceSpec[];
  /** Every dialogue is run once with each seed. */
  readonly seeds: readonly number[];
  readonly sampling: SamplingOptions;
  /** Maximum tokens of an answer, also to a probe. */
  readonly maxTokens: number;
  /** Rounds after which probes are asked, ascending. */
  readonly probeRounds: readonly number[];
  /** How often each probe is asked, every time with a seed of its own. */
  readonly probeRepeats: number;
  /** The other arms are compared with the first. */
  readonly arms: readonly ArmSpec[];
  readonly costs: CostsSpec;
  /** How the prompt's influence is measured; null if it is not. */
  readonly influence: InfluenceSpec | null;
  readonly calibrate: CalibrationSpec;
}

/** The dialogues on which a study chooses what it does not state, such as ranked heads. Its arms are never tested on them. */
export interface CalibrationSpec {
  /** Number of dialogues of each source. */
  readonly dialogues: number;
}

/** A model of a study. */
export interface ModelSpec {
  readonly name: string;
  /** A path, the name of an embedded model, or the name of a model on the hub. */
  readonly path: string;
  readonly executor: ExecutorName;
  /** Null for executors without a choice of precision. */
  readonly precision: Precision | null;
  /** Its recipe and training seed, if several models of one recipe differ in nothing else. Results do not depend on it. */
  readonly trained?: TrainedModel;
}

/** What a model was trained by. Models of one recipe with different seeds are a sample of the models that it makes. */
export interface TrainedModel {
  readonly recipe: string;
  readonly seed: number;
}

interface Dialogues {
  readonly name: string;
  /** Number of scenarios taken from the source. */
  readonly dialogues: number;
  /** Index of the first scenario. */
  readonly first: number;
  readonly rounds: number;
}

/** A source of dialogues. */
export type SourceSpec =
  | (Dialogues & { readonly kind: 'organism' })
  | (Dialogues & MaterialChoice & { readonly kind: 'self-chat' })
  | (Dialogues & MaterialChoice & { readonly kind: 'script'; readonly script: string })
  /** The first `given` answers are taken from the material and follow the prompt. */
  | (Dialogues &
      MaterialChoice & { readonly kind: 'primed'; readonly script: string; readonly given: number })
  /** Repeats the user's messages of recorded dialogues; the model gives its own answers. */
  | (Dialogues & { readonly kind: 'replay'; readonly file: string })
  /** All dialogues have the same system prompt. */
  | (Dialogues & {
      readonly kind: 'prompt';
      /** The file with the system prompt. */
      readonly file: string;
      /** The file with its probes and judge; null for none. */
      readonly rules: string | null;
      readonly users: Users;
    });

/** The users of a source of kind `prompt`: bundled everyday ones, or those of the embedded model's language. */
export type Users = 'everyday' | 'organism';

interface MaterialChoice {
  /** A folder with the structure of `experiments/material`; null for the bundled material. */
  readonly material: string | null;
  /** Groups of prompts to use; null for all. */
  readonly groups: readonly string[] | null;
  /** Ids of the only prompts to use; absent for all, as in older versions. */
  readonly prompts?: readonly string[];
}

/** A condition of a study: how the model's attention or context is changed. */
export interface ArmSpec {
  readonly name: string;
  readonly policy: Policy;
  /** Null for policies that take no strength. */
  readonly schedule: Schedule | null;
  readonly target: Target;
  /** Heads that the policy acts on. */
  readonly on: HeadChoice;
  /** What the policy leaves in the cache; absent for a held cache, so that arms of older versions are the same. */
  readonly cache?: 'clean';
  /** Heads whose output is set to zero; null for none. */
  readonly silence: HeadChoice | null;
  /** The system prompt is repeated every `repeatEvery` turns; null for never. */
  readonly repeatEvery: number | null;
  /** The last user message is led by this text, or by the system prompt (true); absent for none, as in older versions. */
  readonly reminder?: true | string;
  /** γ of classifier-free guidance; null for no guidance. */
  readonly guidance: number | null;
  /** Whether the dialogue is led without its system message. Its probes are judged all the same. */
  readonly noSystem: boolean;
  /** What is measured of the arm; absent for everything that the study measures, as in older versions. */
  readonly measure?: readonly MeasuredPart[];
}

/** What a study can measure of an arm: dialogues of its own, its costs on held-out items, and the prompt's influence. */
export type MeasuredPart = 'dialogues' | 'costs' | 'influence';

/** A set of heads. `top` and `bottom` are known only after the heads have been ranked. */
export type HeadChoice =
  | { readonly kind: 'all' }
  /** These heads of these layers; null stands for all heads or all layers. */
  | {
      readonly kind: 'grid';
      readonly layers: readonly number[] | null;
      readonly heads: readonly number[] | null;
    }
  | { readonly kind: 'pairs'; readonly pairs: readonly HeadPair[] }
  | { readonly kind: 'top' | 'bottom'; readonly count: number; readonly by: 'share' | 'decay' }
  | { readonly kind: 'random'; readonly count: number; readonly seed: number };

export type { HeadPair };

/** The costs that are measured for every arm. 0 or null: not measured. */
export interface CostsSpec {
  /** Number of held-out dialogues for the KL divergence from the untouched model. */
  readonly kl: number;
  /** Number of held-out texts for perplexity. */
  readonly perplexity: number;
  /**
   * Multiple-choice questions: the file (`bundled`, a CSV in MMLU's format, or JSONL) and how many of its questions
   * (null for all). Null for none.
   */
  readonly choice: { readonly file: string; readonly questions: number | null } | null;
}

/** On what the prompt's influence is measured, and beside what. */
export interface InfluenceSpec {
  /** Number of dialogues of each source. */
  readonly dialogues: number;
  readonly references: readonly ReferenceChoice[];
  /** The rounds to measure, ascending; null for all. */
  readonly rounds: readonly number[] | null;
  /** A paraphrase of each dialogue's prompt, by the name of the scenario; absent without the reference `paraphrase`. */
  readonly paraphrases?: Readonly<Record<string, string>> | undefined;
  /** Whether the total influence is measured too, on the arms' own dialogues; absent for no, as in older versions. */
  readonly total?: true | undefined;
}

/** What stands in for a prompt: the prompt of another dialogue of the source, a paraphrase, or no system message. */
export type ReferenceChoice = 'others' | 'paraphrase' | 'none';
