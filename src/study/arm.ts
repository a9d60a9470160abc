import type { SettingsOptions } from '../dialogue/index.js';
import type { HeadPair } from './spec.js';
import type { StudyTarget } from './target.js';

/** One way to treat a model in a study, with everything decided: layers and heads by number. */
export interface Arm {
  readonly name: string;
  /** As a chat takes them; `{ policy: 'off' }` for the untouched model. */
  readonly settings: ArmSettings;
  /** The system prompt stands in front of the user's message again in every so many-th turn; null: never. */
  readonly repeatEvery: number | null;
}

export type ArmSettings = Pick<SettingsOptions, 'policy' | 'strength' | 'schedule' | 'layers' | 'heads'> & {
  readonly target?: StudyTarget;
  /** Heads that the policy acts on, instead of layers and heads. */
  readonly pairs?: readonly HeadPair[];
  /** Heads whose output is knocked out. */
  readonly silence?: readonly HeadPair[];
  /** γ of classifier-free guidance. */
  readonly guidance?: number;
};
