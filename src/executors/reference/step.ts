import type { AttentionBlueprint } from '../../architectures/index.js';
import { softmax } from '../../attention/index.js';
import type { ForwardRequest, ForwardResult, OperationObserver } from '../contract/index.js';

/** The context of one token while it passes through the layers. */
export interface Step {
  readonly position: number;
  /** The token's index among the new tokens of this call. */
  readonly row: number;
  readonly request: ForwardRequest;
  /** `[all tokens]`, 1 inside the target. */
  readonly isTarget: Uint8Array;
  readonly result: ForwardResult;
  readonly observe: OperationObserver;
}

/** One row of attention. */
export interface AttendedRow {
  /** Scaled query·key, and the weights as used, over the visible keys. */
  readonly logits: Float64Array;
  readonly weights: Float64Array;
  readonly before: number;
  readonly after: number;
  /** First visible key. */
  readonly first: number;
}

/** Records what the request wants of a row. */
export function recordRow(
  step: Step,
  { heads }: AttentionBlueprint,
  layer: number,
  head: number,
  row: AttendedRow,
): void {
  const { result, request, position } = step;
  const rows = request.tokens.length;
  const index = (layer * heads + head) * rows + step.row;
  if (result.targetShares) {
    result.targetShares.before[index] = row.before;
    result.targetShares.after[index] = row.after;
  }
  if (request.spans && result.spanShares) {
    const plain = softmax(row.logits);
    for (const [g, { start, end }] of request.spans.entries()) {
      const from = Math.max(start, row.first) - row.first;
      const to = Math.min(end, position + 1) - row.first;
      result.spanShares.before[index * request.spans.length + g] = sum(plain, from, to);
      result.spanShares.after[index * request.spans.length + g] = sum(row.weights, from, to);
    }
  }
  const total = step.isTarget.length;
  result.attention.get(layer)?.set(row.weights, (head * rows + step.row) * total + row.first);
}

function sum(values: Float64Array, from: number, to: number): number {
  let total = 0;
  for (let i = from; i < to; i++) total += values[i]!;
  return total;
}
