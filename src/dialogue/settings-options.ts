import {
  checkSchedule,
  type HeadPair,
  type HeadSelection,
  type Policy,
  type PolicyWithoutStrength,
  type PolicyWithStrength,
  type Schedule,
  strengthProblem,
  type Target,
  takesStrength,
} from '../attention/index.js';
import type { SamplingOptions } from '../engine/index.js';
import { HoldfastError } from '../errors.js';

/** A policy and how its strength follows the dialogue. */
export type PolicyChoice =
  | { readonly policy: PolicyWithoutStrength; readonly schedule: null }
  | { readonly policy: PolicyWithStrength; readonly schedule: Schedule };

/** A policy by name, with the strength that it needs; no policy named is `off`. */
export type PolicyOptions =
  | { readonly policy?: undefined; readonly strength?: undefined; readonly schedule?: undefined }
  | {
      readonly policy: PolicyWithoutStrength;
      readonly strength?: undefined;
      readonly schedule?: null | undefined;
    }
  | {
      readonly policy: PolicyWithStrength;
      /** The same strength throughout. */
      readonly strength: number;
      readonly schedule?: undefined;
    }
  | {
      readonly policy: PolicyWithStrength;
      readonly strength?: undefined;
      /** A strength that follows the dialogue. */
      readonly schedule: Schedule;
    };

/** Shorthand for {@link RECOMMENDED_HOLD}. */
interface Hold {
  readonly hold: true;
  readonly policy?: undefined;
  readonly strength?: undefined;
  readonly schedule?: undefined;
}

interface NoHold {
  readonly hold?: false | undefined;
}

/** Another strength for the policy that a chat has. */
type StrengthChange =
  | { readonly policy?: undefined; readonly strength: number; readonly schedule?: undefined }
  | { readonly policy?: undefined; readonly strength?: undefined; readonly schedule: Schedule };

interface TargetOptions {
  /** The tokens whose share is measured and changed; default: `message`, the system message. */
  readonly target?: Target;
  /** Heads whose output is knocked out; none by default. Their attention is measured all the same. */
  readonly silence?: readonly HeadPair[];
  /**
   * γ of classifier-free guidance (arXiv 2306.17806), from 1, which is none: answers are led away from those without the
   * system prompt. Policies act in the pass with it alone.
   */
  readonly guidance?: number;
}

interface AnswerLimits {
  /** Its seed is the first answer's; each later answer takes the next. */
  readonly sampling?: SamplingOptions;
  /** Tokens of an answer at most; 512 by default, or half the context where that is less. */
  readonly maxTokens?: number;
  /** Texts at which an answer ends. */
  readonly stop?: readonly string[];
}

/** What is done to attention in a dialogue: a policy, the heads and the tokens it acts on, and guidance. */
export type SteeringOptions = PolicyOptions & HeadSelection & TargetOptions;

/** What answers are made under. */
export type SettingsOptions = ((PolicyOptions & NoHold) | Hold) &
  HeadSelection &
  TargetOptions &
  AnswerLimits;

/** What can be changed between answers. A policy keeps its schedule unless another strength or schedule is given. */
export type SettingsChanges =
  | SettingsOptions
  | (StrengthChange & NoHold & HeadSelection & TargetOptions & AnswerLimits);

/**
 * A policy with its schedule, checked.
 * @param schedule null for a policy that takes no strength
 * @throws HoldfastError `E_STRENGTH` when a schedule is missing, not wanted, or out of the policy's range
 */
export function policyChoice(policy: Policy, schedule: Schedule | null): PolicyChoice {
  if (!takesStrength(policy)) {
    if (schedule === null) return { policy, schedule };
    throw refused(policy, true);
  }
  if (schedule === null) throw refused(policy, false);
  checkSchedule(policy, schedule);
  return { policy, schedule };
}

/** @param given whether a strength was given */
function refused(policy: Policy, given: boolean): HoldfastError {
  return new HoldfastError('E_STRENGTH', strengthProblem(policy, given)!, { field: 'strength' });
}
