import { randomInt } from 'node:crypto';
import { needsSystem, parsePolicy, parseTarget } from '../attention/index.js';
import {
  changeSettings,
  holdOptions,
  presetFor,
  type Settings,
  type SettingsChanges,
} from '../dialogue/index.js';
import { checkAdjustments, type LogitAdjustments } from '../engine/index.js';
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
  const most = limit ?? old;
  const texts = typeof stop === 'string' ? [stop] : stop;
  return {
    sampling: {
      ...(temperature == null ? {} : { temperature }),
      // No probability is as small as this, so one token is left, as the API means 0.
      ...(topP == null ? {} : { topP: topP === 0 ? Number.MIN_VALUE : topP }),
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

/**
 * Returns the changes that a request makes to how the server steers.
 * @param hasSystem whether the dialogue has a system message. Without one, the server's policy is off.
 * @throws HoldfastError `E_POLICY`, `E_TARGET` for names that do not exist
 */
export async function steeringChanges(
  hold: HoldRequest | null | undefined,
  { defaults, model }: Pick<ServedModel, 'defaults' | 'model'>,
  hasSystem: boolean,
): Promise<SettingsChanges> {
  const { stream: _, off, preset, policy, target, ...others } = hold ?? {};
  const asked = {
    ...others,
    ...(target === undefined ? {} : { target: parseTarget(target) }),
    ...(policy === undefined ? {} : { policy: parsePolicy(policy) }),
  };
  const asks = Object.keys(asked).length > 0;
  const missing = hasSystem ? {} : withoutSystem(defaults);
  if (off === true || preset === true) {
    if ((off === true && asks) || off === preset || policy !== undefined) {
      throw new ApiError(400, 'give off, or preset, or a policy', {
        param: off === true ? 'hold.off' : 'hold.preset',
      });
    }
    const known = off === true ? null : await presetFor(model);
    const chosen = off === true ? { policy: 'off' } : known === null ? { hold: true } : holdOptions(known);
    return { ...missing, ...chosen, ...asked } as SettingsChanges;
  }
  const idle = !hasSystem && !asks && needsSystem(defaults.target) ? { policy: 'off' } : {};
  return { ...missing, ...idle, ...asked } as SettingsChanges; // the library refuses what excludes each other
}

/** Returns the changes that take away what a request cannot ask for, and what needs a system message. */
const withoutSystem = ({ reminder }: Settings): object => ({
  guidance: 1,
  ...(reminder === true ? { reminder: null } : {}),
});

/**
 * Returns the settings of a request's answers: the server's, with the request's changes.
 * @throws HoldfastError for values that are not possible
 */
export const settingsOf = (
  { defaults, model }: Pick<ServedModel, 'defaults' | 'model'>,
  ...changes: readonly SettingsChanges[]
): Settings => changes.reduce((settings, change) => changeSettings(settings, change, model), defaults);
