import type { SteeringOptions } from '../../dialogue/index.js';

/** An arm of a study with all choices resolved: layers and heads are numbers. */
export interface Arm {
  readonly name: string;
  readonly settings: ArmSettings;
  /** The system prompt is repeated before the user's message every `repeatEvery` turns; null for never. */
  readonly repeatEvery: number | null;
}

/** The chat settings of an arm; `{ policy: 'off' }` for the untouched model. */
export type ArmSettings = SteeringOptions;
