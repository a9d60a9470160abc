import { ReceiptBook, type SightedGrid, type Strengths } from '../attention/index.js';
import { checkSampling, createSampler } from '../engine/index.js';
import type { Executor, ForwardRequest, ForwardResult, Sequence } from '../executors/index.js';
import type { TensorToWrite } from '../formats/index.js';
import type { Span, TokenRange } from '../text/index.js';
import { Collector } from './collector.js';
import type { Selection } from './selection.js';
import { checkSize } from './size.js';

/** The resolved settings of a run. */
export interface RunPlan {
  readonly grid: SightedGrid;
  readonly ids: readonly number[];
  /** Empty if no share is measured. */
  readonly target: readonly TokenRange[];
  readonly strengths: Strengths;
  /** Empty for plain tokens. */
  readonly spans: readonly Span[];
  readonly selection: Selection;
  readonly chunkTokens: number;
  /** Number of tokens to generate after the input. */
  readonly generate: number;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: ((progress: TraceProgress) => void) | undefined;
}

/** How far a run is, in tokens. */
export interface TraceProgress {
  /** Tokens of the input that were forwarded. */
  readonly read: number;
  /** Tokens of the input. */
  readonly input: number;
  readonly generated: number;
}

/** The tensors of a run, 64-bit ones first so that all are aligned, and the receipt of the policy. */
export interface RunOutcome {
  readonly tensors: TensorToWrite[];
  /** Receipt over the input and the continuation. */
  readonly book: ReceiptBook;
}

/**
 * Runs an executor over a plan's tokens, chunk by chunk, then generates the continuation.
 * @throws HoldfastError `E_USAGE`, before it runs, if the tensors would be too large for memory
 */
export async function runPlan(executor: Executor, plan: RunPlan): Promise<RunOutcome> {
  const { ids, selection, spans, grid, onProgress } = plan;
  const { vocabSize, hiddenSize } = executor.blueprint;
  const shape = { ...grid, tokens: ids.length, vocab: vocabSize, hidden: hiddenSize, spans: spans.length };
  checkSize(shape, selection);
  const book = new ReceiptBook(grid);
  const collector = new Collector(shape, selection);
  const greedy = createSampler(checkSampling({ temperature: 0 }));
  const generated: number[] = [];
  if (needsForward(plan)) {
    const sequence = executor.open(ids.length + plan.generate);
    try {
      let result: ForwardResult | undefined;
      for (let start = 0; start < ids.length; start += plan.chunkTokens) {
        const tokens = ids.slice(start, start + plan.chunkTokens);
        const isLast = start + tokens.length === ids.length;
        const logits = selection.logits ? 'all' : isLast && plan.generate > 0 ? 'last' : 'none';
        result = await forward(executor, plan, book, {
          sequence,
          tokens,
          logits,
          ...(selection.spanShares ? { spans } : {}),
          taps: { attention: selection.attention, hidden: selection.hidden },
        });
        collector.add(start, tokens.length, result);
        onProgress?.({ read: start + tokens.length, input: ids.length, generated: 0 });
      }
      while (generated.length < plan.generate) {
        const { id: next } = greedy.next({ logits: result!.logits.subarray(-vocabSize) }, []);
        generated.push(next);
        onProgress?.({ read: ids.length, input: ids.length, generated: generated.length });
        if (generated.length === plan.generate) break;
        result = await forward(executor, plan, book, { sequence, tokens: [next], logits: 'last' });
      }
    } finally {
      sequence.dispose();
    }
  }
  const integers = (name: string, values: readonly number[]): TensorToWrite => ({
    name,
    type: 'I64',
    shape: [values.length],
    data: BigInt64Array.from(values, BigInt),
  });
  return {
    tensors: [
      ...(selection.ids ? [integers('ids', ids)] : []),
      ...(selection.generated ? [integers('generated', generated)] : []),
      ...collector.tensors(),
    ],
    book,
  };
}

/** Whether the model must run: not if only ids are wanted and there is no target, so no receipt. */
function needsForward({ selection, target }: RunPlan): boolean {
  const { logits, shareBefore, shareAfter, spanShares, attention, hidden, generated } = selection;
  const anything = logits || shareBefore || shareAfter || spanShares || generated;
  return anything || attention.length > 0 || hidden.length > 0 || target.length > 0;
}

async function forward(
  executor: Executor,
  { target, strengths, signal }: RunPlan,
  book: ReceiptBook,
  request: Omit<ForwardRequest, 'intervention'> & { readonly sequence: Sequence },
): Promise<ForwardResult> {
  const start = request.sequence.length;
  const intervention = target.length === 0 ? {} : { intervention: { target, ...strengths } };
  const [result] = await executor.forward(
    [{ ...request, ...intervention }],
    signal === undefined ? {} : { signal },
  );
  const { targetShares } = result!;
  if (targetShares !== undefined) book.add({ strengths, target, start, ...targetShares });
  return result!;
}
