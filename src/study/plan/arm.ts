import type { SteeringOptions } from '../../dialogue/index.js';

/** An arm of a study with all choices resolved: layers and heads are numbers. */
export interface Arm {
  readonly name: string;
  readonly settings: ArmSettings;
  /** The system prompt is repeated before the user's message every `repeatEvery` turns; null for never. */
  readonly repeatEvery: number | null;
  /** Whether the dialogue is led without its system message. */
  readonly noSystem: boolean;
}

/** The untouched model. */
export const UNTOUCHED: Arm = {
  name: 'off',
  settings: { policy: 'off' },
  repeatEvery: null,
  noSystem: false,
};

/** The chat settings of an arm; `{ policy: 'off' }` for the untouched model. */
export type ArmSettings = SteeringOptions;
