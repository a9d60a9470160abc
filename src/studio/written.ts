import { headMask, POLICY_RULES, parseTarget, targetName } from '../attention/index.js';
import { type HoldFile, layoutPrompt, readHold } from '../dialogue/index.js';
import { headGrid, type Model } from '../engine/index.js';
import { HoldfastError } from '../errors.js';
import { encodeSafetensors } from '../formats/index.js';
import { sha256 } from '../hash.js';
import { currentMoment } from '../text/index.js';
import { type PolicySetting, traceRun } from '../trace/index.js';
import type { HoldRequest, Steer, TraceRequest } from './protocol.js';
import { messagesOf } from './token-trace.js';

/** The tensors of a trace that the studio writes: those that stay small in a long dialogue. */
const TENSORS = ['ids', 'target.share_before', 'target.share_after', 'span.shares'];

/**
 * Returns the settings of the held side as a hold that nothing has tested: the file says so.
 * @param library the version of Holdfast that it records
 * @throws HoldfastError `E_HOLD` without a policy: there would be nothing to hold; `E_STRENGTH` for heads that the model does
 * not have, or for none
 */
export async function writtenHold(
  { system, steer }: HoldRequest,
  model: Model,
  library: string,
): Promise<HoldFile> {
  const { policy, schedule, target, pairs } = steer;
  if (policy === 'off') throw new HoldfastError('E_HOLD', 'the policy is off: there is no hold to save');
  const grid = headGrid(model.executor.blueprint);
  if (pairs !== null) headMask({ pairs }, grid);
  const { layers, heads } = grid;
  return readHold({
    format: 'holdfast-hold',
    version: 1,
    library,
    date: currentMoment().slice(0, 'YYYY-MM-DD'.length),
    verdict: 'not tested',
    settings: { policy, schedule, target: targetName(parseTarget(target)), layers: null, heads: null, pairs },
    model: { name: model.name, hash: await model.hash(), layers, heads },
    prompt: system === null ? null : await sha256(system),
    evidence: null,
  });
}

/**
 * Returns the trace of a dialogue in base64: the file that `holdfast trace --chat` writes for it up to the header of the next
 * answer, with shares for every token, layer and head. Answers keep the tokens that were sampled.
 * @param library the version of Holdfast that it records
 * @throws HoldfastError `E_USAGE` for a policy without a strength; what tracing throws
 */
export async function writtenTrace(
  { system, past, steer, strength }: TraceRequest,
  model: Model,
  library: string,
  { report, signal }: { readonly report: (progress: string) => void; readonly signal: AbortSignal },
): Promise<string> {
  const policy = policyOf(steer, strength, model);
  const options = { now: currentMoment(), trustContent: false };
  const { tensors, metadata } = await traceRun(model, {
    input: layoutPrompt(model.format!, messagesOf(system, past), options),
    ...{ signal, versions: { holdfast: library }, target: parseTarget(steer.target) },
    ...(policy === null ? {} : { policy }),
    tensors: TENSORS,
    onProgress: ({ read, input: tokens }) => report(`${read} of ${tokens} tokens read`),
  });
  return base64(encodeSafetensors(tensors, metadata));
}

/** Returns the policy of a run: heads that it does not act on get the strength that changes nothing. */
function policyOf({ policy, pairs }: Steer, strength: number | null, model: Model): PolicySetting | null {
  if (policy === 'off') return null;
  if (strength === null) {
    throw new HoldfastError('E_USAGE', `a trace needs a strength, and ${policy} has none`, {
      hint: 'Trace the dialogue with the policy off, or with another one',
    });
  }
  if (pairs === null) return { name: policy, strength };
  const grid = headGrid(model.executor.blueprint);
  const mask = headMask({ pairs }, grid);
  const { identity } = POLICY_RULES[policy];
  const rows = Array.from({ length: grid.layers }, (_, layer) =>
    Array.from({ length: grid.heads }, (_, head) =>
      mask[layer * grid.heads + head] === 1 ? strength : identity,
    ),
  );
  return { name: policy, strength: rows };
}

/** Bytes that are written as text at once: a multiple of 3, so that the pieces join. */
const PIECE = 3 * 4096;

function base64(chunks: readonly Uint8Array[]): string {
  const bytes = new Uint8Array(chunks.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  const pieces: string[] = [];
  for (let from = 0; from < bytes.length; from += PIECE) {
    pieces.push(btoa(String.fromCharCode(...bytes.subarray(from, from + PIECE))));
  }
  return pieces.join('');
}
