import { type Schedule, targetName } from '../attention/index.js';
import { type HoldSettings, holdSettingsOf, policyChoice } from '../dialogue/index.js';
import type { ArmSpec } from '../study/index.js';

/** Strengths of split-softmax (k: 1 leaves the share alone, smaller is stronger) and of boost. */
const STRENGTHS = [0.85, 0.7, 0.55, 0.4];
const GROWING = ['per-turn:1,0.6,0.04', 'per-turn:1,0.4,0.06'];
const FACTORS = [2, 4];

/**
 * Returns the settings that calibration tries, as arms of a study: constant and growing strengths, two families of policies
 * and the closed loop on the prompt's message; one strength on the prefix, and one on the middle third of the layers.
 * @param layers number of layers of the model
 */
export function triedArms(layers: number): readonly unknown[] {
  const middle = Array.from({ length: layers }, (_, layer) => layer).slice(
    Math.floor(layers / 3),
    Math.ceil((2 * layers) / 3),
  );
  return [
    'off',
    { 'split-softmax': { strength: STRENGTHS } },
    { 'split-softmax': { schedule: GROWING } },
    { boost: FACTORS },
    'sustain',
    { 'split-softmax': { strength: 0.7, target: 'prefix' } },
    { 'split-softmax': { strength: 0.55, layers: middle } },
  ];
}

/** Returns a resolved arm as an item of a study's list of arms. */
export function armItem({ name, policy, schedule, target, on }: ArmSpec): unknown {
  return {
    name,
    policy,
    ...(schedule !== null && strengthKey(schedule)),
    target: targetName(target),
    ...(on.kind === 'grid' && on.layers !== null && { layers: on.layers }),
    ...(on.kind === 'grid' && on.heads !== null && { heads: on.heads }),
  };
}

/** Returns an arm as the settings of a hold. */
export function holdSettings({ policy, schedule, target, on }: ArmSpec): HoldSettings {
  const selection =
    on.kind === 'grid' ? { layers: on.layers ?? undefined, heads: on.heads ?? undefined } : {};
  return holdSettingsOf({ ...policyChoice(policy, schedule), target, ...selection });
}

function strengthKey(schedule: Schedule): object {
  switch (schedule.kind) {
    case 'constant':
      return { strength: schedule.strength };
    case 'per-turn':
      return { schedule: `per-turn:${schedule.from},${schedule.to},${schedule.step}` };
    case 'per-token':
      return { schedule: `per-token:${schedule.from},${schedule.to},${schedule.rate}` };
    case 'target':
      return { schedule: `target:${schedule.share}` };
  }
}
