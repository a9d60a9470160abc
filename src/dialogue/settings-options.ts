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

/**
 * What a policy leaves in the cache: `held`, the keys and values of each turn as they were computed when it was spoken;
 * `clean`, those of the untouched model.
 */
export const CACHE_KINDS = ['held', 'clean'] as const;
/** One of {@link CACHE_KINDS}. */
export type CacheKind = (typeof CACHE_KINDS)[number];

/** A policy and its schedule. */
export type PolicyChoice =
  | { readonly policy: PolicyWithoutStrength; readonly schedule: null }
  | { readonly policy: PolicyWithStrength; readonly schedule: Schedule };

/** A policy by name, with the strength or schedule that it needs; default: `off`. */
export type PolicyOptions =
  | { readonly policy?: undefined; readonly strength?: undefined; readonly schedule?: undefined }
  | {
      readonly policy: PolicyWithoutStrength;
      readonly strength?: undefined;
      readonly schedule?: null | undefined;
    }
  | {
      readonly policy: PolicyWithStrength;
      /** A constant strength. */
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

/** A new strength for the chat's current policy. */
type StrengthChange =
  | { readonly policy?: undefined; readonly strength: number; readonly schedule?: undefined }
  | { readonly policy?: undefined; readonly strength?: undefined; readonly schedule: Schedule };

interface TargetOptions {
  /** The tokens whose share is measured and changed; default: `message`, the system message. */
  readonly target?: Target;
  /**
   * The keys and values of the tokens before the last user message, with which an answer is computed; default: `held`.
   * `clean`: computed with the policy off, all other settings the same. The policy acts only on the last user message and
   * its answer; when the next message comes, both are computed again without it. See {@link Turn.cleaned} for the price.
   */
  readonly cache?: CacheKind;
  /** Heads whose output is knocked out; default: none. Their attention is still measured. */
  readonly silence?: readonly HeadPair[];
  /**
   * γ of classifier-free guidance (arXiv 2306.17806), 1 or more: moves logits away from those without the system prompt.
   * Default: 1, no guidance. Policies act only in the pass that has the system prompt.
   */
  readonly guidance?: number;
  /**
   * A text that precedes the user's message, after it an empty line; `true`: the system prompt. Only the message that is
   * answered carries it: earlier ones are in the context without it, so each answer is computed again for the next one.
   * Default: null, none.
   */
  readonly reminder?: true | string | null;
}

interface AnswerLimits {
  /** Sampling options. The seed is that of the first answer; each later answer adds 1. */
  readonly sampling?: SamplingOptions;
  /** Maximum number of tokens per answer; default: 512, or half the context if that is less. */
  readonly maxTokens?: number;
  /** Texts at which an answer ends. */
  readonly stop?: readonly string[];
}

/** How a dialogue is steered: a policy, the heads and the target it acts on, silenced heads and guidance. */
export type SteeringOptions = PolicyOptions & HeadSelection & TargetOptions;

/** All settings of a chat's answers. */
export type SettingsOptions = ((PolicyOptions & NoHold) | Hold) &
  HeadSelection &
  TargetOptions &
  AnswerLimits;

/** Settings to change between answers. A policy keeps its schedule unless a new strength or schedule is given. */
export type SettingsChanges =
  | SettingsOptions
  | (StrengthChange & NoHold & HeadSelection & TargetOptions & AnswerLimits);

/**
 * Checks a policy and its schedule, and returns both.
 * @param schedule null for a policy that takes no strength
 * @throws HoldfastError `E_STRENGTH` when the schedule is missing, not allowed, or out of the policy's range
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
