import { type Schedule, targetName } from '../attention/index.js';
import { type HoldSettings, holdSettingsOf, policyChoice } from '../dialogue/index.js';
import type { ReportedArm, StudyResult } from '../findings/index.js';
import { type ArmSpec, canonicalJson } from '../study/index.js';

/** Strengths of split-softmax (k: 1 leaves the share alone, smaller is stronger) and of boost. */
const STRENGTHS = [0.85, 0.7, 0.55, 0.4];
const GROWING = ['per-turn:1,0.6,0.04', 'per-turn:1,0.4,0.06'];
const FACTORS = [2, 4];

/** First and last of some rounds. */
export type Rounds = readonly [first: number, last: number];

/** Items of a study's list of arms, the untouched one first. */
export type TriedArms = readonly ['off', ...object[]];

/** What the control of a setting acts on: a random span of the dialogue, as long as the prefix. */
const CONTROL_TARGET = 'random:1';

/**
 * Returns the settings that calibration tries, as arms of a study: constant and growing strengths, two families of policies
 * and the closed loop on the prompt's message; one strength on the prefix, and one on the middle third of the layers.
 * @param layers number of layers of the model
 * @param controls whether each has its control beside it ({@link controlOf}), without which influence says little
 */
export function triedArms(layers: number, controls: boolean): TriedArms {
  const target = controls ? ['message', CONTROL_TARGET] : ['message'];
  const middle = Array.from({ length: layers }, (_, layer) => layer).slice(
    Math.floor(layers / 3),
    Math.ceil((2 * layers) / 3),
  );
  return [
    'off',
    { 'split-softmax': { strength: STRENGTHS, target } },
    { 'split-softmax': { schedule: GROWING, target } },
    { boost: { strength: FACTORS, target } },
    { sustain: { target } },
    { 'split-softmax': { strength: 0.7, target: 'prefix' } },
    { 'split-softmax': { strength: 0.55, target, layers: middle } },
  ];
}

/** Returns whether an arm is the control of a setting. */
export const isControl = ({ target }: Pick<ReportedArm, 'target'>): boolean => target.kind === 'random';

/**
 * Returns the control of a setting: the arm with the same policy, strength or schedule, layers and heads on a random span.
 * It raises influence too, because earlier turns carry the prompt, and holds nothing; see docs/guide/influence.md.
 */
export function controlOf<Arm extends ReportedArm>(
  setting: ReportedArm,
  arms: readonly Arm[],
): Arm | undefined {
  const treatment = ({ name: _, target: __, ...others }: ReportedArm): string => canonicalJson(others);
  return arms.find((arm) => isControl(arm) && treatment(arm) === treatment(setting));
}

/**
 * Returns the rounds of a window in which influence can be compared with controls, as a window that ends with the same round:
 * those after the last one in which a control changed no share, because the dialogue had no random span yet. Null for none.
 */
export function comparedRounds(
  { records, spec }: Pick<StudyResult, 'records' | 'spec'>,
  [first, last]: Rounds,
): Rounds | null {
  const controls = new Set(spec.arms.filter(isControl).map(({ name }) => name));
  const idle = records.flatMap((record) =>
    record.kind === 'influence' && controls.has(record.arm) ? (record.idle ?? []) : [],
  );
  const from = Math.max(first, ...idle.filter((round) => round <= last).map((round) => round + 1));
  return from > last ? null : [from, last];
}

/** Returns a resolved arm as an item of a study's list of arms. */
export function armItem({ name, policy, schedule, target, on, cache }: ArmSpec): object {
  return {
    name,
    policy,
    ...(schedule !== null && strengthKey(schedule)),
    target: targetName(target),
    ...(on.kind === 'grid' && on.layers !== null && { layers: on.layers }),
    ...(on.kind === 'grid' && on.heads !== null && { heads: on.heads }),
    ...(cache && { cache }),
  };
}

/** Returns an arm as the settings of a hold. */
export function holdSettings({ policy, schedule, target, on, cache }: ArmSpec): HoldSettings {
  const selection =
    on.kind === 'grid' ? { layers: on.layers ?? undefined, heads: on.heads ?? undefined } : {};
  return holdSettingsOf({ ...policyChoice(policy, schedule), target, ...selection, cache });
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
