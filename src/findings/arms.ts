import { DEFAULT_TARGET, targetName } from '../attention/index.js';
import { headsText, isUntouched } from '../study/index.js';
import type { ReportedArm } from './study-result.js';

/**
 * Whether an arm is a control, of which nothing is expected if the prompt's attention is what matters: it acts on something
 * else than the prompt or on heads chosen at random, lowers the prompt's share, or leaves the prompt out.
 */
export function isControl({ policy, target, on, silence, noSystem }: ReportedArm): boolean {
  if (noSystem || silence?.kind === 'random') return true;
  if (policy === 'off') return false;
  return (
    policy === 'cap' || on.kind === 'random' || ['sink', 'template', 'random', 'not'].includes(target.kind)
  );
}

/** A policy at several strengths: arms that differ in nothing else. */
export interface StrengthCurve {
  readonly name: string;
  /** Names of its arms, and of the untouched arm if there is one: at its weakest, every policy leaves the model as it is. */
  readonly arms: readonly string[];
}

/** Returns the curves of two or more arms, in the order of the specification. */
export function curvesOf(arms: readonly ReportedArm[]): StrengthCurve[] {
  const curves = new Map<string, string[]>();
  for (const arm of arms) {
    const name = curveName(arm);
    if (name !== null) curves.set(name, [...(curves.get(name) ?? []), arm.name]);
  }
  const untouched = arms.filter(isUntouched).slice(0, 1);
  return [...curves]
    .filter(([, own]) => own.length > 1)
    .map(([name, own]) => ({ name, arms: [...untouched.map((arm) => arm.name), ...own] }));
}

/** Returns what an arm has in common with others that differ in strength alone; null if it has no one strength. */
function curveName(arm: ReportedArm): string | null {
  const { policy, schedule, target, on, cache, silence, repeatEvery, reminder, guidance, noSystem } = arm;
  if (silence !== null || noSystem) return null;
  const treatments = [policy === 'off' ? null : policy, repeatEvery, reminder ?? null, guidance].filter(
    (part) => part !== null,
  );
  if (treatments.length !== 1) return null;
  if (repeatEvery !== null) return 'repetition';
  if (guidance !== null) return 'guidance';
  if (schedule?.kind !== 'constant' && schedule?.kind !== 'target') return null;
  return [
    schedule.kind === 'target' ? `${policy} to a share` : policy,
    target.kind === DEFAULT_TARGET.kind ? null : `target ${targetName(target)}`,
    on.kind === 'all' ? null : `heads ${headsText(on)}`,
    cache === undefined ? null : `${cache} cache`,
  ]
    .filter((part) => part !== null)
    .join(', ');
}
