import { DEFAULT_TARGET, type Schedule, targetName } from '../attention/index.js';
import type { SamplingOptions } from '../engine/index.js';
import { headsText } from '../study/index.js';
import { isUntouched } from './judgement.js';
import type { ReportedArm } from './study-result.js';

/** Returns an arm as a specification writes it (`policy: split-softmax, strength: 0.7`), or `untouched`. */
export function armWords(arm: ReportedArm): string {
  if (isUntouched(arm)) return 'untouched';
  const { policy, schedule, target, on, silence, repeatEvery, guidance, noSystem } = arm;
  const treated = policy !== 'off';
  return [
    treated ? `policy: ${policy}` : null,
    schedule === null ? null : scheduleWords(schedule),
    treated && target.kind !== DEFAULT_TARGET.kind ? `target: ${targetName(target)}` : null,
    treated && on.kind !== 'all' ? `heads: ${headsText(on)}` : null,
    silence === null ? null : `silence: ${headsText(silence)}`,
    repeatEvery === null ? null : `repeat: ${repeatEvery}`,
    guidance === null ? null : `guidance: ${guidance}`,
    noSystem ? 'no-system' : null,
  ]
    .filter((part) => part !== null)
    .join(', ');
}

function scheduleWords(schedule: Schedule): string {
  switch (schedule.kind) {
    case 'constant':
      return `strength: ${schedule.strength}`;
    case 'per-turn':
      return `schedule: per-turn:${schedule.from},${schedule.to},${schedule.step}`;
    case 'per-token':
      return `schedule: per-token:${schedule.from},${schedule.to},${schedule.rate}`;
    case 'target':
      return `schedule: target:${schedule.share}`;
  }
}

/** Names of the sampling options in a specification, and the value at which each has no effect. */
const SAMPLING = [
  { name: 'temperature', field: 'temperature', off: null },
  { name: 'topP', field: 'top-p', off: 1 },
  { name: 'topK', field: 'top-k', off: 0 },
  { name: 'minP', field: 'min-p', off: 0 },
  { name: 'repetitionPenalty', field: 'repetition-penalty', off: 1 },
] as const;

/** Returns the sampling options that have an effect: `temperature: 1, top-p: 0.9`. */
export function samplingWords(sampling: SamplingOptions): string {
  return SAMPLING.filter(({ name, off }) => sampling[name] !== undefined && sampling[name] !== off)
    .map(({ name, field }) => `${field}: ${sampling[name]}`)
    .join(', ');
}
