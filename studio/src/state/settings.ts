import { computed, signal } from '@preact/signals';
import { POLICY_RULES, type Policy, type Schedule, takesStrength } from '../../../src/attention/index.js';
import type { Draw, Group, Steer } from '../../../src/studio/protocol.js';

/** How the held side is steered from the next answer on; a constant strength acts from the next token on. */
export const steer = signal<Steer>({
  policy: 'split-softmax',
  schedule: { kind: 'constant', strength: 0.6 },
  target: 'message',
  pairs: null,
});

/** How tokens are drawn. The seed is that of the first answer; each later one adds 1. */
export const draw = signal<Draw>({ temperature: 0.7, topP: 0.95, seed: 1, maxTokens: 64 });

/** Whether the untouched model answers beside the held one. */
export const sideBySide = signal(true);

/** The group whose share colours the words of answers; null: none. */
export const painted = signal<Group | null>('prompt');

/** Settings without a policy: the untouched side. It measures the same target. */
export const untouchedSteer = computed<Steer>(() => ({ ...steer.value, policy: 'off', schedule: null }));

/** Returns the steering under another policy: with its example strength, or none. */
export function withPolicy(current: Steer, policy: Policy): Steer {
  const strength = POLICY_RULES[policy].example;
  const schedule: Schedule | null = takesStrength(policy) ? { kind: 'constant', strength } : null;
  return { ...current, policy, schedule };
}

/** Returns a schedule of another kind that begins like the current one. */
export function withKind(policy: Policy, current: Schedule, kind: Schedule['kind']): Schedule {
  const { identity, example } = POLICY_RULES[policy];
  const strength = strongestOf(current) ?? example;
  switch (kind) {
    case 'constant':
      return { kind, strength };
    case 'per-turn':
      return { kind, from: identity, to: strength, step: tidy(Math.abs(strength - identity) / 10) };
    case 'per-token':
      return { kind, from: identity, to: strength, rate: tidy(Math.abs(strength - identity) / 3) };
    case 'target':
      return { kind, share: 0.2 };
  }
}

const strongestOf = (schedule: Schedule): number | null =>
  schedule.kind === 'constant' ? schedule.strength : schedule.kind === 'target' ? null : schedule.to;

/** Rounds to three digits: a setting that a person reads. */
export const tidy = (value: number): number => Number(value.toPrecision(3));

/** Returns what a slider of 0…1 means as a strength: 0 changes nothing, 1 is the strongest that it offers. */
export function strengthAt(policy: Policy, position: number): number {
  const { identity } = POLICY_RULES[policy];
  const end = sliderEnd(policy);
  // Factors span decades: equal steps of the slider multiply.
  if (isFactor(policy)) return tidy(identity * (end / identity) ** position);
  return Math.round((identity + (end - identity) * position) * 1000) / 1000;
}

/** Returns the slider's position for a strength. */
export function positionOf(policy: Policy, strength: number): number {
  const { identity } = POLICY_RULES[policy];
  const end = sliderEnd(policy);
  const part = isFactor(policy)
    ? Math.log(strength / identity) / Math.log(end / identity)
    : (strength - identity) / (end - identity);
  return Math.min(1, Math.max(0, part));
}

/** Policies whose strength is a factor, so that their range begins above 0. */
const isFactor = (policy: Policy): boolean => POLICY_RULES[policy].minimum > 0;

/** The strongest strength that the slider offers: a factor of 100 is more than any study used. */
function sliderEnd(policy: Policy): number {
  const { stronger, minimum, maximum } = POLICY_RULES[policy];
  if (isFactor(policy)) return stronger === 'smaller' ? 0.01 : 100;
  return stronger === 'smaller' ? minimum : maximum;
}
