import { changedPairs, type TokenRange } from '../../src/attention/index.js';
import type { Executor, ForwardRequest, ForwardResult, Sequence } from '../../src/executors/index.js';
import type { OpenedModel } from './fixtures.js';

export type CreateExecutor = (model: OpenedModel) => Promise<Executor>;

/** Creates an executor. It reads everything it needs at once, so the files are closed afterwards. */
export async function createAndClose(
  create: CreateExecutor,
  opened: Promise<OpenedModel>,
): Promise<Executor> {
  const model = await opened;
  const executor = await create(model);
  await model.files.close();
  return executor;
}

/** The tolerances of the contract: relative to their spread for logits, absolute for shares. */
export const LOGITS = 1e-3;
export const SHARES = 1e-4;

export type Extras = Omit<Partial<ForwardRequest>, 'sequence' | 'tokens'>;

/** Returns whether a row of a layer and head sees a key inside the target and one outside. */
export function mixedRow(executor: Executor, pair: number, rows: number, target: TokenRange): boolean {
  const row = pair % rows;
  const heads = executor.blueprint.layers[0]!.attention.heads;
  const { window } = executor.blueprint.layers[Math.floor(pair / rows / heads)]!.attention;
  const first = window === null ? 0 : Math.max(0, row - window + 1);
  const inside = Math.min(target.end, row + 1) - Math.max(target.start, first);
  return inside > 0 && inside < row + 1 - first;
}

/** Concatenates the results of several forward passes along the rows. */
export interface Joined {
  readonly logits: Float32Array;
  readonly before: Float32Array;
  readonly after: Float32Array;
  readonly spanBefore: Float32Array;
  readonly spanAfter: Float32Array;
  readonly touched: Int32Array;
  readonly attention: ReadonlyMap<number, Float32Array>;
  readonly hidden: ReadonlyMap<number, Float32Array>;
}

export async function runChunks(
  executor: Executor,
  sequence: Sequence,
  tokens: readonly number[],
  chunks: readonly number[],
  extras: Extras,
): Promise<Joined> {
  const results: ForwardResult[] = [];
  let start = 0;
  for (const size of chunks) {
    const [result] = await executor.forward([
      { sequence, tokens: tokens.slice(start, start + size), logits: 'all', ...extras },
    ]);
    results.push(result!);
    start += size;
  }
  const pairs = executor.blueprint.layers.reduce((sum, layer) => sum + layer.attention.heads, 0);
  const joinRows = (parts: (Float32Array | undefined)[], width: number): Float32Array => {
    const joined = new Float32Array(pairs * tokens.length * width);
    let row = 0;
    for (const [chunk, part] of parts.entries()) {
      const rows = chunks[chunk]!;
      for (let pair = 0; part && pair < pairs; pair++) {
        joined.set(
          part.subarray(pair * rows * width, (pair + 1) * rows * width),
          (pair * tokens.length + row) * width,
        );
      }
      row += rows;
    }
    return joined;
  };
  const spans = extras.spans?.length ?? 0;
  return {
    logits: joined(results.map(({ logits }) => logits)),
    before: joinRows(
      results.map((r) => r.targetShares?.before),
      1,
    ),
    after: joinRows(
      results.map((r) => r.targetShares?.after),
      1,
    ),
    spanBefore: joinRows(
      results.map((r) => r.spanShares?.before),
      spans,
    ),
    spanAfter: joinRows(
      results.map((r) => r.spanShares?.after),
      spans,
    ),
    touched: results.reduce((sum, { targetShares }) => {
      const changed = targetShares && changedPairs(targetShares, sum.length);
      return sum.map((count, layer) => count + (changed?.[layer] ?? 0));
    }, new Int32Array(executor.blueprint.layers.length)),
    attention: results[0]!.attention,
    hidden: results[0]!.hidden,
  };
}

/** Concatenates arrays. */
function joined(parts: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let start = 0;
  for (const part of parts) {
    whole.set(part, start);
    start += part.length;
  }
  return whole;
}

/** Returns seeded chunk sizes from 1 to 16 that add up to `total`. */
export function randomChunks(total: number, seed: number): number[] {
  const chunks: number[] = [];
  let state = seed;
  for (let left = total; left > 0; ) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    const size = Math.min(left, 1 + ((state >>> 16) % 16));
    chunks.push(size);
    left -= size;
  }
  return chunks;
}
