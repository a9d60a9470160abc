import type { Blueprint } from '../../architectures/index.js';
import type { TokenRange } from '../../attention/index.js';
import { HoldfastError } from '../../errors.js';
import type { ForwardRequest } from './contract.js';

/**
 * Checks a request before any cache changes. All executors use it, so they refuse the same requests with the same
 * errors, and a refused request leaves its sequence unchanged.
 * @throws HoldfastError what `Executor.forward` throws for a request
 */
export function checkRequest(request: ForwardRequest, blueprint: Blueprint): void {
  const { sequence, tokens, intervention, spans, silenced, taps } = request;
  checkTokens(tokens, sequence.length + tokens.length, sequence.contextLength, blueprint);
  if (intervention) {
    checkRanges('the target', intervention.target);
    checkPerHead('strengths', intervention.strength, blueprint);
  }
  if (silenced) checkPerHead('knock-out marks', silenced, blueprint);
  if (spans) checkRanges('the spans', spans);
  const layers = blueprint.layers.length;
  for (const layer of taps?.attention ?? []) checkTap('attention of layer', layer, layers - 1);
  for (const index of taps?.hidden ?? []) checkTap('hidden state', index, layers);
}

/** Returns a copy of a request that shares no array with it: its caller may change them while the pass runs. */
export function copyRequest(request: ForwardRequest): ForwardRequest {
  const { tokens, logits, intervention, spans, silenced, taps } = request;
  return {
    ...request,
    tokens: tokens.slice(),
    logits: typeof logits === 'string' ? logits : { ...logits },
    ...(intervention && {
      intervention: {
        ...intervention,
        target: copyRanges(intervention.target),
        strength: intervention.strength.slice(),
      },
    }),
    ...(spans && { spans: copyRanges(spans) }),
    ...(silenced && { silenced: silenced.slice() }),
    ...(taps && {
      taps: {
        ...(taps.attention && { attention: [...taps.attention] }),
        ...(taps.hidden && { hidden: [...taps.hidden] }),
      },
    }),
  };
}

const copyRanges = (ranges: readonly TokenRange[]): TokenRange[] =>
  ranges.map(({ start, end }) => ({ start, end }));

function checkPerHead(what: string, numbers: Float32Array | Uint8Array, { layers }: Blueprint): void {
  const heads = layers.reduce((sum, layer) => sum + layer.attention.heads, 0);
  if (numbers.length !== heads) {
    throw new HoldfastError(
      'E_STRENGTH',
      `the model has ${heads} heads in all layers, but ${numbers.length} ${what} are given`,
    );
  }
}

/**
 * Checks the new tokens of a sequence.
 * @param total the sequence's length with the new tokens
 * @throws HoldfastError `E_TOKEN_RANGE` for no tokens or an id outside the vocabulary; `E_CONTEXT_FULL`
 */
export function checkTokens(
  tokens: readonly number[] | Int32Array,
  total: number,
  contextLength: number,
  { vocabSize }: Pick<Blueprint, 'vocabSize'>,
): void {
  if (tokens.length === 0) {
    throw new HoldfastError('E_TOKEN_RANGE', 'a forward pass needs at least one token');
  }
  for (const [index, id] of tokens.entries()) {
    if (!Number.isInteger(id) || id < 0 || id >= vocabSize) {
      throw new HoldfastError(
        'E_TOKEN_RANGE',
        `token id ${id} at index ${index} is outside the vocabulary of ${vocabSize}`,
      );
    }
  }
  if (total > contextLength) {
    throw new HoldfastError('E_CONTEXT_FULL', `${total} tokens do not fit a context of ${contextLength}`);
  }
}

function checkRanges(what: string, ranges: readonly TokenRange[]): void {
  let last = 0;
  for (const { start, end } of ranges) {
    if (!Number.isInteger(start) || !Number.isInteger(end) || start < last || end <= start) {
      throw new HoldfastError(
        'E_TARGET',
        `${what} must be disjoint ascending ranges, found [${start}, ${end}) after ${last}`,
      );
    }
    last = end;
  }
}

function checkTap(what: string, index: number, last: number): void {
  if (!Number.isInteger(index) || index < 0 || index > last) {
    throw new HoldfastError('E_EXECUTOR', `${what} ${index} does not exist: the last is ${last}`);
  }
}

/** Returns the first key that a query at `position` sees: 0, or the start of its sliding window. */
export function firstVisible(position: number, window: number | null): number {
  return window === null ? 0 : Math.max(0, position - window + 1);
}

/** Marks the tokens of the target: `[tokens]`, 1 inside. */
export function targetMask(target: readonly TokenRange[], tokens: number): Uint8Array {
  const mask = new Uint8Array(tokens);
  for (const { start, end } of target) mask.fill(1, start, Math.min(end, tokens));
  return mask;
}

/** The keys that a row sees: some inside the target and some outside, or only one kind. */
export type Sides = 'mixed' | 'target' | 'rest';

/**
 * Returns which sides each row sees, `[rows]`.
 * @param isTarget `[past + rows]`, see {@link targetMask}
 */
export function rowSides(isTarget: Uint8Array, past: number, rows: number, window: number | null): Sides[] {
  const inside = new Int32Array(isTarget.length + 1);
  for (let i = 0; i < isTarget.length; i++) inside[i + 1] = inside[i]! + isTarget[i]!;
  return Array.from({ length: rows }, (_, row) => {
    const position = past + row;
    const first = firstVisible(position, window);
    const seen = inside[position + 1]! - inside[first]!;
    return seen === 0 ? 'rest' : seen === position + 1 - first ? 'target' : 'mixed';
  });
}

/**
 * Marks the rows that a policy can act on: those that see a key inside the target and one outside. `[rows]`, 1 for
 * those.
 * @param isTarget `[past + rows]`, see {@link targetMask}
 */
export function mixedRows(
  isTarget: Uint8Array,
  past: number,
  rows: number,
  window: number | null,
): Uint8Array {
  return Uint8Array.from(rowSides(isTarget, past, rows, window), (sides) => (sides === 'mixed' ? 1 : 0));
}

/** @throws HoldfastError `E_ABORTED` if the signal has fired */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new HoldfastError('E_ABORTED', 'the forward pass was aborted');
}
