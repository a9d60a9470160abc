import type { Model, SamplingOptions } from '../engine/index.js';
import type { Message, Moment } from '../text/index.js';

/** A dialogue to run a model through: a system prompt, the user's side, and judges of whether the prompt is followed. */
export interface Scenario {
  /** Name within the source. The same name always stands for the same text. */
  readonly id: string;
  /** Kind of system prompt, by which results are also reported. */
  readonly group: string;
  /** The system prompt of the measured model. Dialogues of one prompt are not independent: statistics cluster by it. */
  readonly system: string;
  /** Exchanges that open the dialogue, with answers that follow the prompt: user and assistant alternating. */
  readonly given: readonly Message[];
  /** Rounds after the given exchanges. */
  readonly rounds: number;
  /** Everything besides the model that the dialogue depends on, as plain JSON. Cell addresses are computed from it. */
  readonly content: unknown;
  /** Opens the user's side for one run of the dialogue. */
  openUser(context: UserContext): User;
  /**
   * Returns the probes to put on a branch after a round. Rounds count from 1, without the given exchanges. Probes with
   * the same question share one answer, and each judges it.
   */
  probesAfter(round: number): readonly Probe[];
  /** Scores how far an answer follows the prompt, 0…1; null when only probes can show that. */
  obedience(round: number, answer: string): number | null;
  /** Scores whether an answer makes sense, whether or not it follows the prompt, 0…1; null when unknown. */
  ability(round: number, answer: string, finished: boolean): number | null;
  /** A whole dialogue whose answers follow the prompt, user and assistant alternating; null if there is none. */
  readonly reference: readonly Message[] | null;
  /**
   * A prompt of another group with another judge: what the probes score under it is chance. The same for the same index;
   * null if the source has none.
   */
  readonly unrelated: UnrelatedPrompt | null;
}

/** A system prompt that has nothing to do with a scenario. */
export interface UnrelatedPrompt {
  /** Name within the source. */
  readonly id: string;
  readonly system: string;
}

/** A question that shows whether the system prompt is still followed. */
export interface Probe {
  /** Label for tables: the family of the tested instruction, or the group. */
  readonly label: string;
  readonly question: string;
  /** Kinds of the rules that judge the answer, such as `contains + count`; null if no rule of material does. */
  readonly rule: string | null;
  /** Scores the answer, 0…1. */
  judge(answer: string): number;
}

/** What a user's side may need: in self-chat, a model plays it. */
export interface UserContext {
  readonly model: Model;
  readonly seed: number;
  readonly sampling: SamplingOptions;
  readonly maxTokens: number;
  /** The date and time of the dialogue. */
  readonly now: Moment;
}

/** The user's side of one dialogue. */
export interface User {
  /**
   * Returns the user's next message.
   * @param answer the assistant's last answer; null before the first. The user already knows the given exchanges.
   */
  say(answer: string | null): Promise<string>;
  dispose(): void;
}

/** A source of scenarios. Scenario `index` is the same in every study that names the same source. */
export interface ScenarioSource {
  /** Number of scenarios; null when unlimited. */
  readonly size: number | null;
  /** Whether all scenarios have the same system prompt; default: no. */
  readonly onePrompt?: boolean;
  at(index: number): Scenario;
}
