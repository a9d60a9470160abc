import type { Target } from '../attention/index.js';
import { headGrid, type Model } from '../engine/index.js';
import { HoldfastError } from '../errors.js';
import type { Executor } from '../executors/index.js';
import type { TensorToWrite } from '../formats/index.js';
import { type DialogueLayout, requireSystem } from '../text/index.js';
import { traceMetadata } from './metadata.js';
import { runPlan } from './run.js';
import { selectTensors, type TensorWishes } from './selection.js';
import { type PolicySetting, strengthsOf } from './strengths.js';
import { hasSystemPrompt, type ResolvedTarget, targetTokens } from './target.js';

/** What is run: token ids, or a dialogue that was laid out. */
export type TraceInput = readonly number[] | DialogueLayout;

export interface TraceOptions extends TensorWishes {
  readonly input: TraceInput;
  /** Whose share is measured; if not said, the prefix of a dialogue with a system prompt, else nobody's. */
  readonly target?: Target;
  /** What is done to the target's share; if not said, nothing. */
  readonly policy?: PolicySetting;
  /** Tokens to a forward pass; 512 if not said, so that what a pass gives is small beside what is kept of it. */
  readonly chunkTokens?: number;
  /** Versions of the product, the runtime and the like, recorded as they are. */
  readonly versions?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

const DEFAULT_CHUNK_TOKENS = 512;

/** What `encodeSafetensors` takes. */
export interface Trace {
  readonly tensors: readonly TensorToWrite[];
  /** Each value is JSON. */
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Runs a model once over its input and returns what was asked for; what was not is not computed.
 *
 * - `ids` I64 `[tokens]`
 * - `logits` F32 `[tokens, vocabulary]`
 * - `target.share_before`, `target.share_after` F32 `[layers, heads, tokens]`
 * - `span.shares` F32 `[layers, heads, tokens, spans]`, after the policy
 * - `attention.LAYER` F32 `[heads, tokens, tokens]`, after the policy
 * - `hidden.INDEX` F32 `[tokens, hidden]`
 * - `generated` I64 `[generate]`, the greedy continuation under the same policy; no token ends it
 * @throws HoldfastError `E_USAGE` (see `selectTensors`) also for tensors of more than 4 GiB, `E_TEMPLATE` for a
 * dialogue whose system message the template left out, `E_TARGET`, `E_STRENGTH`, `E_UNTOUCHED` when a policy acted
 * on no row, `E_CONTEXT_FULL` when the model was not made for so many tokens, and what the executor throws
 */
export async function traceRun(model: Model, options: TraceOptions): Promise<Trace> {
  const { input, policy = null, chunkTokens = DEFAULT_CHUNK_TOKENS, versions = {}, signal } = options;
  checkCount('chunkTokens', chunkTokens);
  if (options.generate !== undefined) checkCount('generate', options.generate);
  const layout = 'ids' in input ? input : null;
  if (layout !== null) requireSystem(layout);
  const ids = 'ids' in input ? input.ids : input;
  const grid = headGrid(model.executor.blueprint);
  const target = chooseTarget(options, layout, ids.length);
  const selection = selectTensors(options, {
    layers: grid.layers,
    hasTarget: target !== null,
    hasSpans: layout !== null,
  });
  const generate = selection.generated ? (options.generate ?? 0) : 0;
  checkLength(model.executor, ids.length + generate);

  const { tensors, book } = await runPlan(model.executor, {
    ...{ grid, ids, selection, generate, signal },
    target: target?.ranges ?? [],
    strengths: strengthsOf(policy, grid),
    spans: layout?.spans ?? [],
    chunkTokens,
  });
  const receipt = target === null ? null : book.receipt();
  const names = tensors.map(({ name }) => name);
  const metadata = await traceMetadata(model, {
    ids,
    layout,
    target,
    policy,
    receipt,
    versions,
    tensors: names,
  });
  return { tensors, metadata };
}

function chooseTarget(
  { target, policy }: TraceOptions,
  layout: DialogueLayout | null,
  tokens: number,
): ResolvedTarget | null {
  if (target !== undefined) return targetTokens(target, layout, tokens);
  if (layout !== null && (policy !== undefined || hasSystemPrompt(layout))) {
    return targetTokens({ kind: 'prefix' }, layout, tokens);
  }
  if (policy === undefined) return null;
  throw new HoldfastError('E_TARGET', `the policy ${policy.name} needs a target`, {
    hint: 'Plain tokens have no system prompt: name a target, sink or START:END',
  });
}

function checkCount(option: 'chunkTokens' | 'generate', count: number): void {
  if (Number.isSafeInteger(count) && count > 0) return;
  throw new HoldfastError('E_USAGE', `${option} takes a whole number from 1, not ${count}`, {
    field: option,
  });
}

/** Beyond the length a model was made for its numbers mean little, and it would go unnoticed. */
function checkLength({ blueprint }: Executor, tokens: number): void {
  if (tokens === 0) throw new HoldfastError('E_TOKEN_RANGE', 'there is no token to run');
  if (tokens > blueprint.contextLength) {
    throw new HoldfastError(
      'E_CONTEXT_FULL',
      `${tokens} tokens are more than the ${blueprint.contextLength} the model was made for`,
    );
  }
}
