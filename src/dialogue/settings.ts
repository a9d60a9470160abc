import {
  checkTarget,
  DEFAULT_TARGET,
  type HeadPair,
  type HeadSelection,
  headMask,
  needsSystem,
  parsePolicy,
  type Target,
  targetName,
} from '../attention/index.js';
import {
  checkGuidance,
  checkLimits,
  checkSampling,
  headGrid,
  type Model,
  type Sampling,
} from '../engine/index.js';
import { HoldfastError } from '../errors.js';
import {
  CACHE_KINDS,
  type CacheKind,
  type PolicyChoice,
  policyChoice,
  type SettingsChanges,
} from './settings-options.js';

/**
 * The recommended policy and schedule: split-softmax that becomes stronger with the dialogue, with k falling from 1 in the
 * first turn to 0.6 in the eleventh. In the studies of the embedded model it improved later answers and cost nothing in
 * the first ones; a constant k of the same cost did as well (docs/results). It may change with further studies.
 */
export const RECOMMENDED_HOLD: PolicyChoice = {
  policy: 'split-softmax',
  schedule: { kind: 'per-turn', from: 1, to: 0.6, step: 0.04 },
};

/** The settings of an answer, complete and in range. */
export type Settings = PolicyChoice & {
  readonly target: Target;
  readonly selection: HeadSelection;
  readonly cache: CacheKind;
  readonly silence: readonly HeadPair[];
  readonly guidance: number;
  readonly reminder: true | string | null;
  readonly sampling: Sampling;
  readonly maxTokens: number;
  readonly stop: readonly string[];
};

const DEFAULT_MAX_TOKENS = 512;

/** Returns the default settings of a chat. */
export function defaultSettings(contextLength: number): Settings {
  return {
    policy: 'off',
    schedule: null,
    target: DEFAULT_TARGET,
    selection: {},
    cache: 'held',
    silence: [],
    guidance: 1,
    reminder: null,
    sampling: checkSampling(),
    maxTokens: Math.min(DEFAULT_MAX_TOKENS, Math.ceil(contextLength / 2)),
    stop: [],
  };
}

/**
 * Returns the settings with some of them changed. A new policy needs its strength in the same call; sampling options that
 * are not given keep their values.
 * @throws HoldfastError `E_POLICY`, `E_STRENGTH`, `E_TARGET` or `E_SAMPLING` for changes that are contradictory or out of range
 */
export function changeSettings(current: Settings, changes: SettingsChanges, model: Model): Settings {
  const choice = choosePolicy(current, changes);
  const selection = chooseHeads(current.selection, changes);
  const { cache = current.cache, silence = current.silence, guidance = current.guidance } = changes;
  const { reminder = current.reminder } = changes;
  const { maxTokens = current.maxTokens, stop = current.stop } = changes;
  const { target = current.target } = changes;
  checkTarget(target);
  const grid = headGrid(model.executor.blueprint);
  // Both throw for a layer or head that does not exist.
  headMask(changes, grid);
  if (silence.length > 0) headMask({ pairs: silence }, grid);
  checkCache(cache);
  checkGuidance(guidance);
  checkLimits(maxTokens, stop);
  return {
    ...choice,
    selection,
    cache,
    silence,
    guidance,
    reminder,
    target,
    sampling: checkSampling({ ...current.sampling, ...changes.sampling }),
    maxTokens,
    stop,
  };
}

/** @throws HoldfastError `E_USAGE` for a word that is no kind of cache: JavaScript has no types */
function checkCache(cache: CacheKind): void {
  if (CACHE_KINDS.includes(cache)) return;
  throw new HoldfastError('E_USAGE', `"${cache}" is not a kind of cache: ${CACHE_KINDS.join(' or ')}`, {
    field: 'cache',
  });
}

/** Returns the new selection. A change of layers keeps the heads, and vice versa. Pairs replace both; either replaces pairs. */
function chooseHeads(current: HeadSelection, changes: HeadSelection): HeadSelection {
  if (changes.pairs !== undefined) return { pairs: changes.pairs };
  const hasGrid = changes.layers !== undefined || changes.heads !== undefined;
  if (current.pairs !== undefined && !hasGrid && !('pairs' in changes)) return current;
  const layers = 'layers' in changes ? changes.layers : current.layers;
  const heads = 'heads' in changes ? changes.heads : current.heads;
  return { ...(layers && { layers }), ...(heads && { heads }) };
}

function choosePolicy(current: PolicyChoice, changes: SettingsChanges): PolicyChoice {
  const { hold = false, strength } = changes;
  const given = strength === undefined ? changes.schedule : { kind: 'constant' as const, strength };
  if (hold && (changes.policy !== undefined || given !== undefined)) {
    throw new HoldfastError('E_POLICY', 'hold cannot be combined with a policy, strength or schedule', {
      hint: 'Leave out hold, or policy, strength and schedule',
    });
  }
  if (strength !== undefined && changes.schedule !== undefined) {
    throw new HoldfastError('E_STRENGTH', 'strength cannot be combined with a schedule', {
      field: 'strength',
      hint: 'Give one of the two: a strength is a constant schedule',
    });
  }
  if (hold) return RECOMMENDED_HOLD;
  const policy = parsePolicy(changes.policy ?? current.policy);
  return policyChoice(policy, given ?? (policy === current.policy ? current.schedule : null));
}

/** Returns whether a policy acts whose changes the cache must not keep. */
export function cleansCache({ policy, cache }: Settings): boolean {
  return policy !== 'off' && cache === 'clean';
}

/**
 * Checks that a policy, guidance or a reminder has the system prompt that it needs.
 * @throws HoldfastError `E_TARGET` when there is none
 */
export function assertTarget({ policy, target, guidance, reminder }: Settings, system: string | null): void {
  if (guidance > 1 && system === null) {
    throw new HoldfastError('E_TARGET', 'guidance needs a system prompt, and there is none', {
      hint: 'Give a system prompt, or set guidance to 1, which turns it off',
    });
  }
  if (reminder === true && system === null) {
    throw new HoldfastError('E_TARGET', 'the reminder is the system prompt, and there is none', {
      hint: 'Give a system prompt, a text as the reminder, or no reminder (null)',
    });
  }
  if (policy === 'off' || system !== null || !needsSystem(target)) return;
  throw new HoldfastError(
    'E_TARGET',
    `the policy ${policy} acts on the target ${targetName(target)}, but there is no system prompt`,
    { hint: 'Give a system prompt, another target, or the policy off' },
  );
}
