import type { Model, SamplingOptions } from '../engine/index.js';
import type { Message } from '../text/index.js';

/** A dialogue that a model can be led through: who it is told to be, what is said to it, and how one sees whether it keeps to it. */
export interface Scenario {
  /** Names it within its source: the same words under the same name, always. */
  readonly id: string;
  /** What it is of a kind with; results are told by group as well. */
  readonly group: string;
  readonly system: string;
  /** Exchanges at the front that are given and obey: user and assistant in turn, an answer last. */
  readonly given: readonly Message[];
  /** Rounds to be led after those, from 1. */
  readonly rounds: number;
  /** All that the dialogue depends on besides the model, as plain JSON; results are filed under it. */
  readonly content: unknown;
  /** The user's side of one run of the dialogue. */
  openUser(context: UserContext): User;
  /**
   * Questions to put on a branch after a round (from 1; given exchanges do not count). Where several ask the same, the
   * answer is one, and each judges it.
   */
  probesAfter(round: number): readonly Probe[];
  /** How far an answer of the dialogue itself does what the prompt says, 0…1; null where that shows only when asked. */
  obedience(round: number, answer: string): number | null;
  /** Whether an answer is sound, obedience apart, 0…1; null where the scenario cannot say. */
  ability(round: number, answer: string, finished: boolean): number | null;
  /** User and assistant in turn: a whole dialogue whose answers keep to the prompt; null where there is none. */
  readonly reference: readonly Message[] | null;
}

/** A question that shows whether the system prompt is still followed. */
export interface Probe {
  /** What is asked about, for tables: an instruction's family, or the group. */
  readonly label: string;
  readonly question: string;
  /** 0…1. */
  judge(answer: string): number;
}

/** What a user's side may need: a model that plays it, in self-chat. */
export interface UserContext {
  readonly model: Model;
  readonly seed: number;
  readonly sampling: SamplingOptions;
  readonly maxTokens: number;
}

/** The user's side of one dialogue. */
export interface User {
  /**
   * What the user says next.
   * @param answer the assistant's last, or null before the first; given exchanges are known to the user already
   */
  say(answer: string | null): Promise<string>;
  dispose(): void;
}

/** Where scenarios come from. Scenario `index` is the same in every study that names the same source. */
export interface ScenarioSource {
  /** How many different ones there are; null for as many as one likes. */
  readonly size: number | null;
  at(index: number): Scenario;
}
