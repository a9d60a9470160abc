import type { Target } from '../attention/index.js';
import type { SettingsOptions } from '../dialogue/index.js';
import type { Model } from '../engine/index.js';
import { HoldfastError } from '../errors.js';
import { layoutDialogue, type TokenRange } from '../text/index.js';
import type { Trial } from './trial.js';

/** One way to treat the system prompt in a trial. */
export interface Arm {
  readonly name: string;
  readonly settings: Pick<SettingsOptions, 'policy' | 'strength' | 'schedule' | 'layers' | 'heads'>;
  /** `after`, a control: as many tokens as the prefix has, right behind it. `prefix` if not said. */
  readonly target?: 'prefix' | 'sink' | 'after';
}

/** Where the system prompt ends in a trial's dialogue: its prefix is the tokens `[0, end)`. */
export function prefixOf(model: Model, { system }: Trial): TokenRange {
  if (model.format === null) throw new HoldfastError('E_TEMPLATE', `${model.name} has no chat template`);
  const messages = [
    { role: 'system', content: system },
    { role: 'user', content: '' },
  ] as const;
  const { end } = layoutDialogue(model.format, messages, { addGenerationPrompt: true }).messages[0]!;
  return { start: 0, end };
}

/** What an arm's policy acts on in a trial. */
export function targetOf({ target = 'prefix' }: Arm, { end }: TokenRange): Target {
  return target === 'after' ? { kind: 'range', range: { start: end, end: 2 * end } } : { kind: target };
}
