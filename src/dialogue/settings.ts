import {
  checkSchedule,
  type HeadPair,
  type HeadSelection,
  headMask,
  needsSystem,
  type Policy,
  parsePolicy,
  type Schedule,
  type Target,
  targetName,
} from '../attention/index.js';
import {
  checkLimits,
  checkSampling,
  headGrid,
  type Model,
  type Sampling,
  type SamplingOptions,
} from '../engine/index.js';
import { HoldfastError } from '../errors.js';

/** A policy and how its strength follows the dialogue. */
export interface PolicyChoice {
  readonly policy: Policy;
  readonly schedule: Schedule;
}

/**
 * The policy to use when nobody chose one: split-softmax that grows with the dialogue, k from 1 in the first turn to
 * 0.6 in the eleventh. Among the arms tried, it kept later answers to the system prompt at no loss in the first ones,
 * where there is nothing to hold yet; a constant k pays from the first turn on. Recommended until studies settle it.
 */
export const RECOMMENDED_HOLD: PolicyChoice = {
  policy: 'split-softmax',
  schedule: { kind: 'per-turn', from: 1, to: 0.6, step: 0.04 },
};

/** What can be changed between answers. */
export interface SettingsOptions {
  /** Shorthand for {@link RECOMMENDED_HOLD}, instead of a policy. */
  readonly hold?: boolean;
  /** `off` if not said. `hold` needs no strength: it measures its own in the first answer in which no policy acts. */
  readonly policy?: Policy;
  /** A constant strength, instead of a schedule. */
  readonly strength?: number;
  readonly schedule?: Schedule;
  /** `prefix` if not said. */
  readonly target?: Target;
  /** Layers and heads the policy acts on; all if not said. */
  readonly layers?: readonly number[] | undefined;
  readonly heads?: readonly number[] | undefined;
  /** The heads it acts on one by one, instead of layers and heads. */
  readonly pairs?: readonly HeadPair[] | undefined;
  /** Heads whose output is knocked out; none if not said. What they attend to is measured as ever. */
  readonly silence?: readonly HeadPair[];
  /** Its seed is the first answer's; each later answer takes the next. */
  readonly sampling?: SamplingOptions;
  /** Tokens of an answer at most; 512, or half the context where that is less. */
  readonly maxTokens?: number;
  /** Texts at which an answer ends. */
  readonly stop?: readonly string[];
}

/** Settings, complete and in range. */
export interface Settings {
  readonly policy: Policy;
  /** Null for `off` and `hold`. */
  readonly schedule: Schedule | null;
  readonly target: Target;
  readonly selection: HeadSelection;
  readonly silence: readonly HeadPair[];
  readonly sampling: Sampling;
  readonly maxTokens: number;
  readonly stop: readonly string[];
}

const DEFAULT_MAX_TOKENS = 512;

/** Settings of a chat that nothing was said about. */
export function defaultSettings(contextLength: number): Settings {
  return {
    policy: 'off',
    schedule: null,
    target: { kind: 'prefix' },
    selection: {},
    silence: [],
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
export function changeSettings(current: Settings, changes: SettingsOptions, model: Model): Settings {
  const { policy, schedule } = choosePolicy(current, changes);
  const selection = chooseHeads(current.selection, changes);
  const { maxTokens = current.maxTokens, stop = current.stop, silence = current.silence } = changes;
  const grid = headGrid(model.executor.blueprint);
  // Both throw for a layer or head there is not.
  headMask(selection, grid);
  if (silence.length > 0) headMask({ pairs: silence }, grid);
  checkLimits(maxTokens, stop);
  return {
    policy,
    schedule,
    selection,
    silence,
    target: changes.target ?? current.target,
    sampling: checkSampling({ ...current.sampling, ...changes.sampling }),
    maxTokens,
    stop,
  };
}

/** Layers and heads that are said leave each other as they were; pairs stand instead of both, and both instead of pairs. */
function chooseHeads(current: HeadSelection, changes: SettingsOptions): HeadSelection {
  const saysGrid = changes.layers !== undefined || changes.heads !== undefined;
  const pairs = 'pairs' in changes || saysGrid ? changes.pairs : current.pairs;
  const kept = pairs === undefined ? current : {};
  const layers = 'layers' in changes ? changes.layers : kept.layers;
  const heads = 'heads' in changes ? changes.heads : kept.heads;
  return { ...(layers ? { layers } : {}), ...(heads ? { heads } : {}), ...(pairs ? { pairs } : {}) };
}

function choosePolicy(current: Settings, changes: SettingsOptions): Pick<Settings, 'policy' | 'schedule'> {
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
  if (policy === 'off' || policy === 'hold') {
    if (said === undefined) return { policy, schedule: null };
    throw new HoldfastError('E_STRENGTH', `the policy ${policy} takes no strength and no schedule`, {
      hint: policy === 'off' ? 'Say which policy it is for' : 'It measures its own in the first answer',
    });
  }
  const schedule = said ?? (policy === current.policy ? current.schedule : null);
  if (schedule === null) {
    throw new HoldfastError('E_STRENGTH', `the policy ${policy} needs a strength or a schedule`, {
      field: 'strength',
    });
  }
  checkSchedule(policy, schedule);
  return { policy, schedule };
}

/**
 * @throws HoldfastError `E_TARGET` when a policy is asked to act on a system prompt that is not there
 */
export function assertTarget({ policy, target }: Settings, system: string | null): void {
  if (policy === 'off' || system !== null || !needsSystem(target)) return;
  throw new HoldfastError(
    'E_TARGET',
    `the policy ${policy} acts on the target ${targetName(target)}, and there is no system prompt`,
    { hint: 'Give a system prompt, another target, or the policy off' },
  );
}
