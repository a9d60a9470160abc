import type { SamplingOptions } from '../engine/index.js';
import { writtenParts } from '../study/index.js';
import type { ReportedArm } from './study-result.js';

/** Returns an arm as a specification writes it (`policy: split-softmax, strength: 0.7`), or `untouched`. */
export function armWords(arm: ReportedArm): string {
  const { measure } = arm;
  const words = writtenParts(arm).join(', ') || 'untouched';
  return measure === undefined ? words : `${words}, measure: [${measure.join(', ')}]`;
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
