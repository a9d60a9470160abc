import { layersInMeans, type Receipt } from '../attention/index.js';
import { headGrid, type Model } from '../engine/index.js';
import { HoldfastError } from '../errors.js';
import { shareErrorOf } from '../executors/index.js';
import type { DialogueLayout, Tokenizer } from '../text/index.js';
import type { PolicySetting } from './strengths.js';
import type { ResolvedTarget } from './target.js';
import { tokenText } from './token-text.js';

/** The format of a trace, as its record names it. */
export const TRACE_FORMAT = 'holdfast-trace-1';

/** The facts of a run that a trace records. */
export interface TraceFacts {
  readonly ids: readonly number[];
  readonly layout: DialogueLayout | null;
  readonly target: ResolvedTarget | null;
  readonly policy: PolicySetting | null;
  /** Null without a target. */
  readonly receipt: Receipt | null;
  /** Names of the tensors written. */
  readonly tensors: readonly string[];
  readonly versions: Readonly<Record<string, string>>;
}

/** Descriptions of tensors, by name without a trailing number. */
const MEANINGS: Readonly<Record<string, string>> = {
  ids: '[tokens]: the input',
  generated: '[generated]: the greedy continuation under the same policy; end tokens do not stop it',
  logits: '[tokens, vocabulary]: row t predicts the token after t; under the policy',
  'target.share_before': '[layers, heads, tokens]: the share of the target, before the policy',
  'target.share_after': '[layers, heads, tokens]: the share of the target, after the policy',
  'span.shares': '[layers, heads, tokens, spans]: the share of each span, after the policy',
  attention: '[heads, queries, keys]: weights as used, after the policy; keys a query does not see are 0',
  hidden:
    '[tokens, hidden]: the input of the layer; the last: the output of the final norm; under the policy',
};

/** Returns the record of a trace. Every value is JSON, even a single word. */
export async function traceMetadata(model: Model, facts: TraceFacts): Promise<Record<string, string>> {
  const { executor } = model;
  const { ids, layout, target, policy, receipt } = facts;
  const fields = {
    format: TRACE_FORMAT,
    model: model.name,
    modelHash: await model.hash(),
    architecture: executor.blueprint.architecture,
    executor: executor.name,
    precision: executor.precision,
    shareError: shareErrorOf(executor),
    versions: facts.versions,
    policy: policy?.name ?? 'off',
    strength: policy?.strength ?? null,
    target: target?.name ?? null,
    targetRanges: (target?.ranges ?? [])
      .filter(({ start }) => start < ids.length)
      .map(({ start, end }) => [start, Math.min(end, ids.length)]),
    spans: (layout?.spans ?? []).map(({ role, turn, start, end }) => ({ role, turn, start, end })),
    receipt,
    layersInMeans: layersInMeans(headGrid(executor.blueprint)),
    tokens: tokenTexts(model, ids),
    text: layout?.text ?? null,
    now: layout?.now ?? null,
    tensors: Object.fromEntries(facts.tensors.map((name) => [name, MEANINGS[name.replace(/\.\d+$/, '')]])),
  };
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, JSON.stringify(value)]));
}

/** Returns the text of each token; null if the model has no usable tokenizer, which runs of ids do not need. */
function tokenTexts(model: Model, ids: readonly number[]): readonly (string | null)[] | null {
  const tokenizer = usableTokenizer(model);
  return tokenizer && ids.map((id) => textOf(tokenizer, id));
}

function usableTokenizer(model: Model): Tokenizer | null {
  try {
    return model.tokenizer;
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'E_TOKENIZER') return null;
    throw error;
  }
}

/** Returns the text of a token; null for an id beyond the tokenizer's vocabulary, which the model's may exceed. */
function textOf(tokenizer: Tokenizer, id: number): string | null {
  try {
    return tokenText(tokenizer, [id]);
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'E_TOKEN_RANGE') return null;
    throw error;
  }
}
