import { DEFAULT_TARGET, policyText, targetName } from '../../attention/index.js';
import { headsText } from './heads.js';
import type { ArmSpec } from './spec.js';

/** An arm without its name. */
export type Unnamed = Omit<ArmSpec, 'name'>;

/** An arm whose policy may be one that this version does not know. */
type WrittenArm = Omit<Unnamed, 'policy'> & { readonly policy: string };

/** One of the ways in which an arm can differ from the untouched model. */
interface ArmPart {
  /** Describes the part in an arm's name; null if the arm does not differ in it. */
  readonly name: (arm: Unnamed) => string | null;
  /** Returns the part as a specification writes it; null as above. */
  readonly written: (arm: WrittenArm) => string | null;
}

const acts = ({ policy }: WrittenArm): boolean => policy !== 'off';

/** All parts, in the order of names. */
const PARTS: readonly ArmPart[] = [
  {
    name: policyPart,
    written: (arm) => (acts(arm) ? [`policy: ${arm.policy}`, ...writtenSchedule(arm)].join(', ') : null),
  },
  {
    name: (arm) => (isKnockOut(arm) ? null : targetPart(arm, ' ')),
    written: (arm) => targetPart(arm, ': '),
  },
  {
    name: (arm) => (hasHeads(arm) ? headsText(arm.on) : null),
    written: (arm) => (hasHeads(arm) ? `heads: ${headsText(arm.on)}` : null),
  },
  {
    name: ({ cache }) => (cache === undefined ? null : `${cache} cache`),
    written: ({ cache }) => (cache === undefined ? null : `cache: ${cache}`),
  },
  {
    name: ({ silence }) => silence && `silence ${headsText(silence)}`,
    written: ({ silence }) => silence && `silence: ${headsText(silence)}`,
  },
  {
    name: ({ repeatEvery }) => (repeatEvery === null ? null : `repeat every ${repeatEvery}`),
    written: ({ repeatEvery }) => (repeatEvery === null ? null : `repeat: ${repeatEvery}`),
  },
  {
    name: ({ reminder }) => {
      if (reminder === undefined) return null;
      return reminder === true ? 'reminder' : `reminder "${reminder}"`;
    },
    written: ({ reminder }) => (reminder === undefined ? null : `reminder: ${reminder}`),
  },
  {
    name: ({ guidance }) => (guidance === null ? null : `guidance, γ = ${guidance}`),
    written: ({ guidance }) => (guidance === null ? null : `guidance: ${guidance}`),
  },
  {
    name: ({ noSystem }) => (noSystem ? 'no-system' : null),
    written: ({ noSystem }) => (noSystem ? 'no-system' : null),
  },
];

/** Describes how an arm differs from the untouched model, part by part; null for a part that does not differ. */
export const namedParts = (arm: Unnamed): readonly (string | null)[] => PARTS.map(({ name }) => name(arm));

/**
 * Returns the parts in which an arm differs from the untouched model as a specification writes them:
 * `policy: split-softmax`, `strength: 0.7`. None for the untouched model.
 */
export const writtenParts = (arm: WrittenArm): readonly string[] =>
  PARTS.map(({ written }) => written(arm)).filter((part) => part !== null);

/** Returns whether an arm leaves the model and its dialogues as they are. */
export const isUntouched = (arm: WrittenArm): boolean => writtenParts(arm).length === 0;

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

function targetPart(arm: WrittenArm, link: string): string | null {
  const { target } = arm;
  return !acts(arm) || target.kind === DEFAULT_TARGET.kind ? null : `target${link}${targetName(target)}`;
}

const hasHeads = (arm: WrittenArm): boolean => acts(arm) && arm.on.kind !== 'all';

function writtenSchedule({ schedule }: WrittenArm): string[] {
  switch (schedule?.kind) {
    case undefined:
      return [];
    case 'constant':
      return [`strength: ${schedule.strength}`];
    case 'per-turn':
      return [`schedule: per-turn:${schedule.from},${schedule.to},${schedule.step}`];
    case 'per-token':
      return [`schedule: per-token:${schedule.from},${schedule.to},${schedule.rate}`];
    case 'target':
      return [`schedule: target:${schedule.share}`];
  }
}
