import { layoutPrompt, type SettingsOptions } from '../dialogue/index.js';
import type { Model } from '../engine/index.js';
import { HoldfastError } from '../errors.js';
import type { TokenRange } from '../text/index.js';
import type { Trial } from './trial.js';

/** One way to treat the system prompt in a trial. */
export interface Arm {
  readonly name: string;
  readonly settings: Pick<SettingsOptions, 'policy' | 'strength' | 'schedule' | 'layers' | 'heads'>;
  /** `prefix` if not said. The others are controls: the first token, and the span behind the prefix. */
  readonly target?: keyof TrialSpans;
}

/** Parts of a trial's dialogue that lie where they lie from the first round on. */
export interface TrialSpans {
  /** Up to the end of the system message. */
  readonly prefix: TokenRange;
  /** The first token. */
  readonly sink: TokenRange;
  /** As many tokens as the prefix has, right behind it. */
  readonly after: TokenRange;
}

/** @throws HoldfastError `E_TEMPLATE` when the model has no chat template, or one without system messages */
export function spansOf(model: Model, { system, rounds }: Trial): TrialSpans {
  if (model.format === null) throw new HoldfastError('E_TEMPLATE', `${model.name} has no chat template`);
  const messages = [
    { role: 'system', content: system },
    { role: 'user', content: rounds[0]!.user },
  ] as const;
  const { end } = layoutPrompt(model.format, messages, { trustContent: false }).system!.message;
  return { prefix: { start: 0, end }, sink: { start: 0, end: 1 }, after: { start: end, end: 2 * end } };
}

/** The tokens that an arm's policy acts on. */
export function targetOf({ target = 'prefix' }: Arm, spans: TrialSpans): TokenRange {
  return spans[target];
}
