import {
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
import { type PolicyChoice, policyChoice, type SettingsChanges } from './settings-options.js';

/**
 * The policy to use when nobody chose one: split-softmax that grows with the dialogue, k from 1 in the first turn to
 * 0.6 in the eleventh. Among the arms tried, it kept later answers to the system prompt at no loss in the first ones,
 * where there is nothing to hold yet; a constant k pays from the first turn on. Recommended until studies settle it.
 */
export const RECOMMENDED_HOLD: PolicyChoice = {
  policy: 'split-softmax',
  schedule: { kind: 'per-turn', from: 1, to: 0.6, step: 0.04 },
};

/** Settings, complete and in range. */
export type Settings = PolicyChoice & {
  readonly target: Target;
  readonly selection: HeadSelection;
  readonly silence: readonly HeadPair[];
  readonly guidance: number;
  readonly sampling: Sampling;
  readonly maxTokens: number;
  readonly stop: readonly string[];
};

const DEFAULT_MAX_TOKENS = 512;

/** Settings of a chat that nothing was said about. */
export function defaultSettings(contextLength: number): Settings {
  return {
    policy: 'off',
    schedule: null,
    target: DEFAULT_TARGET,
    selection: {},
    silence: [],
    guidance: 1,
    sampling: checkSampling(),
    maxTokens: Math.min(DEFAULT_MAX_TOKENS, Math.ceil(contextLength / 2)),
    stop: [],
  };
}

/**
 * Settings with some of them changed. A policy that is changed needs its strength said with it; sampling options not
 * said stay as they are.
 * @throws HoldfastError `E_POLICY`, `E_STRENGTH` or `E_SAMPLING` for what contradicts itself or is out of range
 */
export function changeSettings(current: Settings, changes: SettingsChanges, model: Model): Settings {
  const choice = choosePolicy(current, changes);
  const selection = chooseHeads(current.selection, changes);
  const { silence = current.silence, guidance = current.guidance } = changes;
  const { maxTokens = current.maxTokens, stop = current.stop } = changes;
  const grid = headGrid(model.executor.blueprint);
  // Both throw for a layer or head that does not exist.
  headMask(changes, grid);
  if (silence.length > 0) headMask({ pairs: silence }, grid);
  checkGuidance(guidance);
  checkLimits(maxTokens, stop);
  return {
    ...choice,
    selection,
    silence,
    guidance,
    target: changes.target ?? current.target,
    sampling: checkSampling({ ...current.sampling, ...changes.sampling }),
    maxTokens,
    stop,
  };
}

/** Layers and heads that are said leave each other as they were; pairs stand instead of both, and both instead of pairs. */
function chooseHeads(current: HeadSelection, changes: HeadSelection): HeadSelection {
  if (changes.pairs !== undefined) return { pairs: changes.pairs };
  const saysGrid = changes.layers !== undefined || changes.heads !== undefined;
  if (current.pairs !== undefined && !saysGrid && !('pairs' in changes)) return current;
  const layers = 'layers' in changes ? changes.layers : current.layers;
  const heads = 'heads' in changes ? changes.heads : current.heads;
  return { ...(layers && { layers }), ...(heads && { heads }) };
}

function choosePolicy(current: PolicyChoice, changes: SettingsChanges): PolicyChoice {
  const { hold = false, strength } = changes;
  const said = strength === undefined ? changes.schedule : { kind: 'constant' as const, strength };
  if (hold && (changes.policy !== undefined || said !== undefined)) {
    throw new HoldfastError('E_POLICY', 'hold is a policy with its schedule: it goes with no other', {
      hint: 'Leave out hold, or policy, strength and schedule',
    });
  }
  if (strength !== undefined && changes.schedule !== undefined) {
    throw new HoldfastError('E_STRENGTH', 'a strength is a constant schedule: say one of the two', {
      field: 'strength',
    });
  }
  if (hold) return RECOMMENDED_HOLD;
  const policy = parsePolicy(changes.policy ?? current.policy);
  return policyChoice(policy, said ?? (policy === current.policy ? current.schedule : null));
}

/**
 * @throws HoldfastError `E_TARGET` when a policy is asked to act on a system prompt that is not there, or guidance to lead
 * away from its absence
 */
export function assertTarget({ policy, target, guidance }: Settings, system: string | null): void {
  if (guidance > 1 && system === null) {
    throw new HoldfastError(
      'E_TARGET',
      'guidance leads away from answers without the system prompt, and there is none',
      { hint: 'Give a system prompt, or guidance 1, which is none' },
    );
  }
  if (policy === 'off' || system !== null || !needsSystem(target)) return;
  throw new HoldfastError(
    'E_TARGET',
    `the policy ${policy} acts on the target ${targetName(target)}, and there is no system prompt`,
    { hint: 'Give a system prompt, another target, or the policy off' },
  );
}
