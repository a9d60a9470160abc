import type { SettingsOptions } from '../../dialogue/index.js';

/** One way to treat a model in a study, with everything decided: layers and heads by number. */
export interface Arm {
  readonly name: string;
  readonly settings: ArmSettings;
  /** The system prompt stands in front of the user's message again in every so many-th turn; null: never. */
  readonly repeatEvery: number | null;
}

/** As a chat takes them; `{ policy: 'off' }` for the untouched model. */
export type ArmSettings = Pick<
  SettingsOptions,
  'policy' | 'strength' | 'schedule' | 'target' | 'layers' | 'heads' | 'pairs' | 'silence' | 'guidance'
>;
