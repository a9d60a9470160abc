import { DEFAULT_TARGET, policyText, targetName } from '../../attention/index.js';
import type { ArmSpec, HeadChoice } from './spec.js';

type Unnamed = Omit<ArmSpec, 'name'>;

/** Describes how an arm differs from the untouched model, part by part; null for a part that does not differ. */
function parts(arm: Unnamed): readonly (string | null)[] {
  return [
    policyPart(arm),
    arm.target.kind === DEFAULT_TARGET.kind || isKnockOut(arm) ? null : `target ${targetName(arm.target)}`,
    arm.on.kind === 'all' ? null : headsText(arm.on),
    arm.silence === null ? null : `silence ${headsText(arm.silence)}`,
    arm.repeatEvery === null ? null : `repeat every ${arm.repeatEvery}`,
    arm.guidance === null ? null : `guidance, γ = ${arm.guidance}`,
    arm.noSystem ? 'no-system' : null,
  ];
}

/** Returns whether an arm leaves the model and its dialogues as they are. */
export const isUntouched = (arm: Unnamed): boolean => parts(arm).every((part) => part === null);

/** Describes an arm, for example `split-softmax, k = 0.7, top 10 by share`. */
export function describeArm(arm: Unnamed): string {
  return (
    parts(arm)
      .filter((part) => part !== null)
      .join(', ') || 'off'
  );
}

/** Describes how an arm differs from the other arms of the same grid. */
export function describeVariant(arm: Unnamed, siblings: readonly Unnamed[]): readonly string[] {
  const others = siblings.map(parts);
  return parts(arm)
    .filter((part, index) => others.some((other) => other[index] !== part))
    .filter((part) => part !== null);
}

/** Returns whether an arm sets π′ = 0 on a target, so that all attention goes to the other tokens. */
function isKnockOut({ policy, schedule, target }: Unnamed): boolean {
  return (
    policy === 'floor' && target.kind === 'not' && schedule?.kind === 'constant' && schedule.strength === 1
  );
}

function policyPart(arm: Unnamed): string | null {
  const { policy, target } = arm;
  if (policy === 'off') return null;
  if (target.kind === 'not' && isKnockOut(arm)) return `knock-out ${targetName(target.of)}`;
  return policyText(arm);
}

/** Describes a choice of heads, for example `top 10 by share`. */
export function headsText(choice: HeadChoice): string {
  switch (choice.kind) {
    case 'all':
      return 'all heads';
    case 'grid':
      return [
        choice.layers === null ? null : `layers ${choice.layers.join(' ')}`,
        choice.heads === null ? null : `heads ${choice.heads.join(' ')}`,
      ]
        .filter((part) => part !== null)
        .join(' ');
    case 'pairs':
      return `heads ${choice.pairs.map(([layer, head]) => `${layer}.${head}`).join(' ')}`;
    case 'top':
    case 'bottom':
      return `${choice.kind} ${choice.count} by ${choice.by}`;
    case 'random':
      return `random ${choice.count} seed ${choice.seed}`;
  }
}
