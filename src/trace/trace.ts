import { assertTouched, DEFAULT_TARGET, hasSystemMessage, type Target } from '../attention/index.js';
import { headGrid, type Model } from '../engine/index.js';
import { HoldfastError, IN_BROWSER } from '../errors.js';
import type { Executor } from '../executors/index.js';
import type { TensorToWrite } from '../formats/index.js';
import { type DialogueLayout, requireWritten } from '../text/index.js';
import { traceMetadata } from './metadata.js';
import { runPlan, type TraceProgress } from './run.js';
import { selectTensors, type TensorWishes } from './selection.js';
import { type PolicySetting, strengthsOf } from './strengths.js';
import { type ResolvedTarget, targetTokens } from './target.js';

/** The input of a run: token ids, or the layout of a dialogue. */
export type TraceInput = readonly number[] | DialogueLayout;

/** Options of {@link traceRun}. */
export interface TraceOptions extends TensorWishes {
  readonly input: TraceInput;
  /** The target whose share is measured. Default: the system message of a dialogue that has one, otherwise none. */
  readonly target?: Target;
  /** The policy on the target's share; default: none. */
  readonly policy?: PolicySetting;
  /** Tokens per forward pass; default: 512, which keeps a pass's results small compared with the trace. */
  readonly chunkTokens?: number;
  /** Versions of the product, the runtime and so on, recorded unchanged. */
  readonly versions?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** Called after every forward pass. */
  readonly onProgress?: (progress: TraceProgress) => void;
}

const DEFAULT_CHUNK_TOKENS = 512;

/** A trace in the form that `encodeSafetensors` takes. */
export interface Trace {
  readonly tensors: readonly TensorToWrite[];
  /** Each value is JSON. */
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Runs a model once over its input and returns the requested tensors; it computes no others.
 *
 * - `ids` I64 `[tokens]`
 * - `logits` F32 `[tokens, vocabulary]`
 * - `target.share_before`, `target.share_after` F32 `[layers, heads, tokens]`
 * - `span.shares` F32 `[layers, heads, tokens, spans]`, after the policy
 * - `attention.LAYER` F32 `[heads, tokens, tokens]`, after the policy
 * - `hidden.INDEX` F32 `[tokens, hidden]`
 * - `generated` I64 `[generate]`, the greedy continuation under the same policy; end tokens do not stop it
 * @throws HoldfastError `E_USAGE` for tensors that the run cannot have or that exceed 4 GiB, `E_TEMPLATE` if the template
 * omits the system message, `E_TARGET`, `E_STRENGTH`, `E_UNTOUCHED` if a policy changed no share, `E_CONTEXT_FULL` if the
 * input exceeds the model's context length, and those of the executor
 */
export async function traceRun(model: Model, options: TraceOptions): Promise<Trace> {
  const {
    input,
    policy = null,
    chunkTokens = DEFAULT_CHUNK_TOKENS,
    versions = {},
    signal,
    onProgress,
  } = options;
  checkCount('chunkTokens', chunkTokens);
  if (options.generate !== undefined) checkCount('generate', options.generate);
  const layout = 'ids' in input ? input : null;
  if (layout !== null) requireWritten(layout);
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
    ...{ grid, ids, selection, generate, signal, onProgress },
    target: target?.ranges ?? [],
    strengths: strengthsOf(policy, grid),
    spans: layout?.spans ?? [],
    chunkTokens,
  });
  const receipt = target === null ? null : book.receipt();
  assertTouched([{ receipt }]);
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
  if (layout !== null && (policy !== undefined || hasSystemMessage(layout))) {
    return targetTokens(DEFAULT_TARGET, layout, tokens);
  }
  if (policy === undefined) return null;
  throw new HoldfastError('E_TARGET', `the policy ${policy.name} needs a target`, {
    hint: 'Name one, --target sink or START:END: plain tokens have no system prompt',
  });
}

function checkCount(option: 'chunkTokens' | 'generate', count: number): void {
  if (Number.isSafeInteger(count) && count > 0) return;
  throw new HoldfastError('E_USAGE', `${option} must be a whole number from 1: found ${count}`, {
    field: option,
  });
}

/** Checks the length: beyond its context length a model still runs, but its numbers mean little. */
function checkLength({ blueprint }: Executor, tokens: number): void {
  if (tokens === 0) throw new HoldfastError('E_TOKEN_RANGE', 'the input has no tokens');
  if (tokens > blueprint.contextLength) {
    throw new HoldfastError(
      'E_CONTEXT_FULL',
      `the run has ${tokens} tokens, more than the model's context length of ${blueprint.contextLength}`,
      {
        hint: IN_BROWSER
          ? 'Trace a shorter dialogue'
          : 'Trace a part of the dialogue, or generate less (--generate)',
      },
    );
  }
}
