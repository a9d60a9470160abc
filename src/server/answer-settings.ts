import { randomInt } from 'node:crypto';
import { needsSystem, parsePolicy, parseTarget } from '../attention/index.js';
import {
  changeSettings,
  holdOptions,
  presetFor,
  type Settings,
  type SettingsChanges,
} from '../dialogue/index.js';
import { checkAdjustments, type LogitAdjustments, type Model } from '../engine/index.js';
import { ApiError } from './api-error.js';
import type { HoldRequest, SamplingRequest } from './requests.js';
import type { ServedModel } from './served-model.js';

/** The largest seed that is drawn for a request without one. */
const MOST_SEED = 2 ** 48 - 1;

/**
 * Returns the changes that a request makes to how the server samples. Without a seed, it gets one by chance.
 * @param topLogProbabilities number of the most probable tokens to report with each token
 */
export function samplingChanges(
  request: SamplingRequest & { readonly max_completion_tokens?: number | null | undefined },
  { seed: usual }: Pick<ServedModel, 'seed'>,
  topLogProbabilities: number,
): SettingsChanges {
  const { temperature, top_p: topP, seed, stop, max_tokens: old, max_completion_tokens: limit } = request;
  const { top_k: topK, min_p: minP, repetition_penalty: repetitionPenalty } = request;
  const most = limit ?? old;
  const texts = typeof stop === 'string' ? [stop] : stop;
  return {
    sampling: {
      ...(temperature == null ? {} : { temperature }),
      // No probability is as small as this, so one token is left, as the API means 0.
      ...(topP == null ? {} : { topP: topP === 0 ? Number.MIN_VALUE : topP }),
      ...(topK == null ? {} : { topK: Math.max(0, topK) }),
      ...(minP == null ? {} : { minP }),
      ...(repetitionPenalty == null ? {} : { repetitionPenalty }),
      seed: seededBy(seed) ?? usual ?? randomInt(MOST_SEED),
      topLogProbabilities,
    },
    ...(most == null ? {} : { maxTokens: most }),
    ...(texts == null ? {} : { stop: texts }),
  };
}

/** A negative seed counts from the largest. */
function seededBy(seed: number | null | undefined): number | null {
  if (seed == null) return null;
  return seed < 0 ? Number.MAX_SAFE_INTEGER + 1 + seed : seed;
}

/** Returns the seed of an answer among several. After the largest seed comes 0. @param choice from 0 */
export function seedOf(seed: number, choice: number): number {
  const left = Number.MAX_SAFE_INTEGER - seed;
  return choice <= left ? seed + choice : choice - left - 1;
}

/**
 * Returns the changes of logits that a request asks for; undefined for none.
 * @throws HoldfastError `E_SAMPLING` for a token that the model does not have
 */
export function adjustmentsOf(
  request: SamplingRequest,
  { model }: Pick<ServedModel, 'model'>,
): LogitAdjustments | undefined {
  const { presence_penalty: presence, frequency_penalty: frequency, logit_bias: biases } = request;
  if (!presence && !frequency && !biases) return undefined;
  const adjustments = {
    presence: presence ?? 0,
    frequency: frequency ?? 0,
    bias: new Map(Object.entries(biases ?? {}).map(([id, value]) => [Number(id), value])),
  };
  checkAdjustments(adjustments, model.executor.blueprint.vocabSize);
  return adjustments;
}

/** How a request is steered. */
export interface RequestSteering {
  /** The changes to the server's settings. */
  readonly changes: SettingsChanges;
  /** What the server does by default and leaves off in this request; null for nothing. */
  readonly notice: string | null;
}

/** What a server may do by default to a system message, and the change that leaves it off. */
const HOLDING: readonly {
  readonly name: string;
  readonly isOn: (defaults: Settings) => boolean;
  readonly off: SettingsChanges;
}[] = [
  {
    name: 'policy',
    isOn: ({ policy, target }) => policy !== 'off' && needsSystem(target),
    off: { policy: 'off' },
  },
  { name: 'guidance', isOn: ({ guidance }) => guidance !== 1, off: { guidance: 1 } },
  { name: 'reminder', isOn: ({ reminder }) => reminder === true, off: { reminder: null } },
];

const LIST = new Intl.ListFormat('en-GB');

/**
 * Reads how a request is steered. Without a system message, what the server does to one by default is off. A policy that the
 * request itself asks for stays, and is refused later if there is nothing to hold.
 * @param hasSystem whether the dialogue has a system message with words
 * @throws ApiError for a hold that contradicts itself; HoldfastError `E_POLICY`, `E_TARGET` for names that do not exist
 */
export async function readSteering(
  hold: HoldRequest | null | undefined,
  { defaults, model }: Pick<ServedModel, 'defaults' | 'model'>,
  hasSystem: boolean,
): Promise<RequestSteering> {
  const own = await holdChanges(hold, model);
  const parts = (['target', 'layers', 'heads'] as const).filter((part) => own[part] !== undefined);
  if (parts.length > 0 && (own.policy ?? defaults.policy) === 'off' && own.hold !== true) {
    throw new ApiError(400, `${parts[0]} needs a policy, and there is none: give one too`, {
      param: `hold.${parts[0]}`,
    });
  }
  if (hasSystem) return { changes: own, notice: null };
  const asks = Object.keys(own).length > 0;
  const left = HOLDING.filter(({ name, isOn }) => isOn(defaults) && !(asks && name === 'policy'));
  const changes = Object.assign({}, ...left.map(({ off }) => off), own);
  if (left.length === 0) return { changes, notice: null };
  const what = `${LIST.format(left.map(({ name }) => name))} ${left.length === 1 ? 'is' : 'are'}`;
  return {
    changes,
    notice: `the request has no system message: the server's ${what} off in this answer`,
  };
}

/** Returns the changes that a request's hold asks for. The library refuses those that exclude each other. */
async function holdChanges(hold: HoldRequest | null | undefined, model: Model): Promise<SettingsChanges> {
  const { stream: _, off, preset, policy, target, ...others } = hold ?? {};
  const asked = {
    ...others,
    ...(target === undefined ? {} : { target: parseTarget(target) }),
    ...(policy === undefined ? {} : { policy: parsePolicy(policy) }),
  } as SettingsChanges;
  if (off !== true && preset !== true) return asked;
  if ((off === true && Object.keys(asked).length > 0) || off === preset || policy !== undefined) {
    throw new ApiError(400, 'give off, or preset, or a policy', {
      param: off === true ? 'hold.off' : 'hold.preset',
    });
  }
  if (off === true) return { policy: 'off' };
  const known = await presetFor(model);
  return { ...(known === null ? { hold: true } : holdOptions(known)), ...asked } as SettingsChanges;
}

/**
 * Returns the settings of a request's answers: the server's, with the request's changes.
 * @throws HoldfastError for values that are not possible
 */
export const settingsOf = (
  { defaults, model }: Pick<ServedModel, 'defaults' | 'model'>,
  ...changes: readonly SettingsChanges[]
): Settings => changes.reduce((settings, change) => changeSettings(settings, change, model), defaults);
