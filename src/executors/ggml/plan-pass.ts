import { POLICY_RULES, type TokenRange } from '../../attention/index.js';
import { type DecoderShape, firstVisible, rowSides, targetMask } from '../contract/index.js';
import { canFuse } from './graph-builder.js';
import type { Chunk, ChunkPart, Group, GroupPolicy, GroupWindow, PassPlan, View } from './pass-plan.js';
import { POLICY_PARTS, partsOf } from './policy-parts.js';
import { type CacheArena, KEY_STEP } from './sequence.js';

/** Most tokens of a sequence whose scores are kept in one operation: they stay in the processor's cache. */
const TILE = 64;

/** What the number of columns is rounded up to: a product of four takes as long as one of three. */
const COLUMN_STEP = { explicit: 4, fused: 16 } as const;

/**
 * Plans a pass: puts sequences with one new token in neighbouring slots into one group, and cuts longer chunks into
 * tiles if their weights are kept. Neither changes any result: a row's keys are read in steps that begin at multiples of
 * {@link KEY_STEP}, and keys that it does not see have weight 0.
 * @param fuses whether the backend has a fused kernel that is good enough for the precision
 */
export function planPass(chunks: readonly Chunk[], shape: DecoderShape, fuses: boolean): PassPlan {
  const arena = chunks[0]!.sequence.arena;
  const groups: Group[] = [];
  let row = 0;
  const add = (tokens: number, parts: readonly ChunkPart[], fused = false): void => {
    groups.push(groupOf(row, tokens, parts, arena, shape, fused));
    row += tokens * parts.length;
  };
  const single = chunks.filter(({ tokens }) => tokens.length === 1);
  for (const run of neighbours(single))
    add(
      1,
      run.map((chunk) => ({ chunk, offset: 0 })),
    );
  for (const chunk of chunks.filter(({ tokens }) => tokens.length > 1)) {
    if (fuses && isFusible(chunk, shape)) {
      add(chunk.tokens.length, [{ chunk, offset: 0 }], true);
      continue;
    }
    for (let offset = 0; offset < chunk.tokens.length; offset += TILE) {
      add(Math.min(TILE, chunk.tokens.length - offset), [{ chunk, offset }]);
    }
  }
  return {
    arena,
    rows: row,
    groups,
    logitRows: groups.flatMap(logitRowsOf),
    probabilities: chunks.some(({ request, isLast }) => isLast && typeof request.logits === 'object'),
    attentionTaps: union(chunks.map(({ request }) => request.taps?.attention)),
    hiddenTaps: union(chunks.map(({ request }) => request.taps?.hidden)),
  };
}

/** Whether nothing that is wanted of a chunk needs its weights or scores. It depends on the request and position alone. */
function isFusible({ request, small, tokens }: Chunk, { headDim }: DecoderShape): boolean {
  const tapped = (request.taps?.attention?.length ?? 0) > 0;
  return !tapped && !small.steep && canFuse(tokens.length, headDim);
}

/** The rows of a group whose logits are wanted, in order. */
export function logitRowsOf({ row, tokens, parts }: Group): number[] {
  return parts.flatMap(({ chunk, offset }, sequence) => {
    const first = row + sequence * tokens;
    const { logits } = chunk.request;
    if (logits === 'all') return Array.from({ length: tokens }, (_, i) => first + i);
    const endsHere = chunk.isLast && offset + tokens === chunk.tokens.length;
    return logits !== 'none' && endsHere ? [first + tokens - 1] : [];
  });
}

/**
 * Splits chunks into runs of neighbouring slots, in the order of the slots. A run computes small shares in one way, so
 * that no sequence gets another result than alone.
 */
function neighbours(chunks: readonly Chunk[]): Chunk[][] {
  const runs: Chunk[][] = [];
  for (const chunk of [...chunks].sort((a, b) => a.sequence.slot - b.sequence.slot)) {
    const last = runs.at(-1)?.at(-1);
    const follows = last !== undefined && last.sequence.slot + 1 === chunk.sequence.slot;
    const isAlike = last?.small.steep === chunk.small.steep && last.small.fractions === chunk.small.fractions;
    if (follows && isAlike) runs.at(-1)!.push(chunk);
    else runs.push([chunk]);
  }
  return runs;
}

function groupOf(
  row: number,
  tokens: number,
  parts: readonly ChunkPart[],
  { capacity }: CacheArena,
  { windows }: DecoderShape,
  fused: boolean,
): Group {
  const requests = parts.map(({ chunk }) => chunk.request);
  const positions = parts.map(({ chunk, offset }) => chunk.past + offset);
  const end = Math.min(capacity, stepUp(Math.max(...positions) + tokens));
  const targets = requests.flatMap(({ intervention }) => intervention?.target ?? []);
  const measured = requests.some(
    ({ spans, intervention }) => spans !== undefined || intervention !== undefined,
  );
  const pieces = Math.max(...parts.map(({ chunk }) => chunk.pieces.length));
  return {
    ...{ row, tokens, parts, fused },
    slot: parts[0]!.chunk.sequence.slot,
    views: parts.map((part) => viewsOf(part, tokens, windows)),
    windows: windows.map((window): GroupWindow => {
      const start = stepDown(firstVisible(Math.min(...positions), window));
      return { start, end, stretch: stretchOf(targets, start, end) };
    }),
    columns: measured ? stepUp(1 + pieces, COLUMN_STEP[fused ? 'fused' : 'explicit']) : 0,
    policy: policyOf(parts),
    silences: requests.some(({ silenced }) => silenced !== undefined),
  };
}

function policyOf(parts: readonly ChunkPart[]): GroupPolicy | null {
  const interventions = parts.flatMap(({ chunk }) => chunk.request.intervention ?? []);
  if (interventions.length === 0) return null;
  const used = new Set(interventions.flatMap(({ policy }) => partsOf(policy)));
  return {
    parts: POLICY_PARTS.filter((part) => used.has(part)),
    raises: [...used].some((part) => part !== 'logCap'),
    lowers: interventions.some(({ policy }) => !POLICY_RULES[policy].onlyRaises),
    steep: parts.some(({ chunk }) => chunk.small.steep),
    fractions: parts.some(({ chunk }) => chunk.small.fractions),
  };
}

function viewsOf({ chunk, offset }: ChunkPart, tokens: number, windows: DecoderShape['windows']): View[] {
  const past = chunk.past + offset;
  const isTarget = targetMask(chunk.request.intervention?.target ?? [], past + tokens);
  return windows.map((window) => ({ sides: rowSides(isTarget, past, tokens, window), isTarget }));
}

/** The stretch of keys that holds all targets, in whole steps; one step where no target is in view. */
function stretchOf(targets: readonly TokenRange[], start: number, end: number): TokenRange {
  const seen = targets.filter((range) => range.end > start && range.start < end);
  if (seen.length === 0) return { start, end: Math.min(start + KEY_STEP, end) };
  return {
    start: Math.max(start, stepDown(Math.min(...seen.map((range) => range.start)))),
    end: Math.min(end, stepUp(Math.max(...seen.map((range) => range.end)))),
  };
}

const stepUp = (value: number, step = KEY_STEP): number => Math.ceil(value / step) * step;
const stepDown = (value: number): number => Math.floor(value / KEY_STEP) * KEY_STEP;

function union(lists: readonly (readonly number[] | undefined)[]): number[] {
  return [...new Set(lists.flatMap((list) => list ?? []))].sort((a, b) => a - b);
}
