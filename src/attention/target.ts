import { HoldfastError } from '../errors.js';
import type { MessageLayout, MessagePlace, Span, TokenRange } from '../text/index.js';

/**
 * The tokens whose share is measured and changed.
 *
 * - `message`: the system message with its role header and tail, wherever it is. Several system messages are one target,
 *   and so are all places of a message that the template writes more than once.
 * - `content`: only its words.
 * - `prefix`: everything up to the end of the system message, including the sink and the template's opening but not
 *   other messages (Li et al. 2024). If the system message comes first, this is the sink and the message.
 * - `sink`, `template` and `random` are controls: an effect that a control also shows is not an effect of the system
 *   prompt. `random` is a seeded span as long as the prefix, shortly after it.
 */
export type Target = NamedTarget | Rest;

/** A target that names its own tokens. */
export type NamedTarget =
  | { readonly kind: 'prefix' | 'message' | 'content' | 'sink' | 'template' }
  | { readonly kind: 'random'; readonly seed: number }
  | { readonly kind: 'range'; readonly range: TokenRange };

/**
 * All tokens outside a target, including future ones. The policy `floor` with ψ = 1 on it knocks the target out: the
 * rest gets the whole share of every row that sees both, as if the target's keys were masked.
 *
 * A knockout acts on the rest for the sake of precision. Rows are computed as out = out_all + c·(out_rest − out_all) with
 * c = (π′ − π) / (1 − π), which is exactly out_rest for π′ = 1, whatever π is. Acting on the target instead, π′ = 0 gives
 * c = −π / (1 − π): if the target has nearly all of a row, the result is the difference of two huge vectors.
 */
export interface Rest {
  readonly kind: 'not';
  readonly of: NamedTarget;
}

/** The end of a range that grows with the dialogue. Callers that count its tokens clip it to the dialogue's length. */
const NO_END = Number.MAX_SAFE_INTEGER;

/** The default target. It is not `prefix` because on a real model most of the prefix's share belongs to the sink. */
export const DEFAULT_TARGET: Target = { kind: 'message' };

/** The parts of a rendered dialogue that are needed to find a target's tokens. */
export interface TargetContext {
  readonly spans: readonly Span[];
  /** All messages, with every place where the template writes them. */
  readonly messages: readonly Pick<MessageLayout, 'role' | 'places'>[];
}

/**
 * Reads `message`, `content`, `prefix`, `sink`, `template`, `random:SEED` or `START:END`, or `not:` before one of these.
 * @throws HoldfastError `E_TARGET` when the text is none of these
 */
export function parseTarget(text: string): Target {
  const of = namedTarget(text.startsWith('not:') ? text.slice('not:'.length) : text);
  if (of === null) {
    throw new HoldfastError('E_TARGET', `"${text}" is not a target`, {
      hint: 'Write message, content, prefix, sink, template, random:SEED or START:END (token indices, START < END), or not: before one of these',
    });
  }
  return text.startsWith('not:') ? { kind: 'not', of } : of;
}

function namedTarget(text: string): NamedTarget | null {
  if (
    text === 'prefix' ||
    text === 'message' ||
    text === 'content' ||
    text === 'sink' ||
    text === 'template'
  ) {
    return { kind: text };
  }
  const [, name, second] = /^(random|\d+):(\d+)$/.exec(text) ?? [];
  // A double cannot represent every larger integer exactly.
  if (Number.isSafeInteger(Number(second))) {
    if (name === 'random') return { kind: 'random', seed: Number(second) };
    if (Number(name) < Number(second)) {
      return { kind: 'range', range: { start: Number(name), end: Number(second) } };
    }
  }
  return null;
}

/** Returns a target as text, which {@link parseTarget} reads. */
export function targetName(target: Target): string {
  if (target.kind === 'not') return `not:${targetName(target.of)}`;
  if (target.kind === 'random') return `random:${target.seed}`;
  if (target.kind === 'range') return `${target.range.start}:${target.range.end}`;
  return target.kind;
}

/** The kinds of target that have no more to say, and what the others have. */
const KINDS: {
  readonly [kind in NamedTarget['kind']]: (target: Extract<NamedTarget, { kind: kind }>) => boolean;
} = {
  prefix: () => true,
  message: () => true,
  content: () => true,
  sink: () => true,
  template: () => true,
  random: ({ seed }) => Number.isSafeInteger(seed) && seed >= 0,
  range: ({ range }) =>
    Number.isSafeInteger(range?.start) && Number.isSafeInteger(range?.end) && range.start >= 0,
};

/** @throws HoldfastError `E_TARGET` for a value that is no target: JavaScript has no types */
export function checkTarget(target: Target): void {
  const named: NamedTarget | undefined = target?.kind === 'not' ? target.of : target;
  const isKind = typeof named?.kind === 'string' && Object.hasOwn(KINDS, named.kind);
  if (isKind && (KINDS[named.kind] as (target: NamedTarget) => boolean)(named)) return;
  throw new HoldfastError('E_TARGET', `not a target: ${JSON.stringify(target)}`, {
    hint: "Give one as { kind: 'message' }, or read it from text with parseTarget",
  });
}

/** Returns the target itself, or for `not:` the target after it. */
export function namedBy(target: Target): NamedTarget {
  return target.kind === 'not' ? target.of : target;
}

/** Returns whether a target depends on the system message. The others depend on position or on the role of spans. */
export function needsSystem(target: Target): boolean {
  const { kind } = namedBy(target);
  return kind !== 'sink' && kind !== 'template' && kind !== 'range';
}

/**
 * Returns the token ranges of a target: disjoint, ascending, none empty. A `not:` target extends beyond the dialogue's
 * end, so that it includes future tokens.
 * @throws HoldfastError `E_TARGET` when the dialogue has no such tokens, and as {@link checkTarget}
 */
export function resolveTarget(target: Target, context: TargetContext): readonly TokenRange[] {
  checkTarget(target);
  const ranges = targetRanges(target, context).filter(({ start, end }) => end > start);
  if (ranges.length === 0) {
    throw new HoldfastError('E_TARGET', `the target ${targetName(target)} has no tokens in this dialogue`);
  }
  return mergeRanges(ranges);
}

/** Counts the tokens of ascending ranges before token `end`. */
export function tokensBefore(ranges: readonly TokenRange[], end: number): number {
  return ranges.reduce((sum, range) => sum + Math.max(0, Math.min(range.end, end) - range.start), 0);
}

function targetRanges(target: Target, context: TargetContext): readonly TokenRange[] {
  return target.kind === 'not' ? complement(resolveTarget(target.of, context)) : namedRanges(target, context);
}

/** Returns the ranges before, between and after disjoint ascending ranges. */
function complement(ranges: readonly TokenRange[]): TokenRange[] {
  const starts = [0, ...ranges.map(({ end }) => end)];
  const ends = [...ranges.map(({ start }) => start), NO_END];
  return starts.map((start, index) => ({ start, end: ends[index]! }));
}

function namedRanges(target: NamedTarget, context: TargetContext): readonly TokenRange[] {
  const { spans } = context;
  if (target.kind === 'range') return [target.range];
  if (target.kind === 'sink') return spans.filter(({ role }) => role === 'sink');
  if (target.kind === 'template') return spans.filter(({ role }) => role === 'template');
  const system = systemPlaces(context);
  if (system.length === 0) {
    throw new HoldfastError('E_TARGET', `the target ${targetName(target)} needs a system message`);
  }
  if (target.kind === 'message') return system;
  if (target.kind === 'content') return system.flatMap(({ content }) => content);
  return target.kind === 'random' ? randomRanges(target.seed, context) : prefixRanges(context);
}

/** Returns whether a dialogue has a system message of which the template writes at least one token. */
export function hasSystemMessage(context: Pick<TargetContext, 'messages'>): boolean {
  return systemPlaces(context).length > 0;
}

const systemPlaces = ({ messages }: Pick<TargetContext, 'messages'>): readonly MessagePlace[] =>
  messages.flatMap(({ role, places }) =>
    role === 'system' ? places.filter(({ start, end }) => end > start) : [],
  );

/** Returns everything before the end of the last place of a system message, without the other messages. */
function prefixRanges(context: TargetContext): readonly TokenRange[] {
  const prefixEnd = Math.max(...systemPlaces(context).map(({ end }) => end));
  const others = context.messages.flatMap(({ role, places }) => (role === 'system' ? [] : places));
  const ranges = others.filter(({ start, end }) => end > start);
  return clipped(complement(mergeRanges(ranges)), 0, prefixEnd);
}

/**
 * Returns a span as long as the prefix, made of tokens outside it. It skips the first tokens outside the prefix; how many
 * depends only on the seed and the prefix's length n, so that a control keeps its place while the dialogue grows:
 *
 *   skipped = floor(u·n),   0 ≤ u(seed) < 1
 *
 * If the prefix comes first, the span is one range. A system message in its middle splits it in two.
 */
function randomRanges(seed: number, context: TargetContext): readonly TokenRange[] {
  const prefix = prefixRanges(context);
  const length = tokensBefore(prefix, NO_END);
  const skipped = Math.floor(fractionOf(seed) * length);
  const total = context.spans.at(-1)?.end ?? 0;
  const needed = tokensNeeded({ kind: 'random', seed }, context);
  if (needed > total) {
    throw new HoldfastError(
      'E_TARGET',
      `the target random:${seed} needs a dialogue of ${needed} tokens, and this one has ${total}`,
      {
        hint: `Use a dialogue of at least three times the prefix, ${3 * length} tokens: it has room for every seed`,
      },
    );
  }
  const others = clipped(complement(prefix), 0, total);
  /** Returns the position of token number `index` (from 0) among those outside the prefix. */
  const placeOf = (index: number): number => {
    let left = index;
    for (const { start, end } of others) {
      if (left < end - start) return start + left;
      left -= end - start;
    }
    throw new Error(`${index} is beyond the ${total - length} tokens outside the prefix`);
  };
  return clipped(others, placeOf(skipped), placeOf(skipped + length - 1) + 1);
}

/**
 * Returns the number of tokens that a dialogue needs before it has the target and a token outside it, which is the same
 * for a target and for its `not:`. A random span and a range need a long enough dialogue; every other target exists from
 * the first prompt on, or never.
 */
export function tokensNeeded(target: Target, context: TargetContext): number {
  const named = namedBy(target);
  if (named.kind === 'range') return 1 + (named.range.start === 0 ? named.range.end : named.range.start);
  if (named.kind !== 'random') return 0;
  const length = tokensBefore(prefixRanges(context), NO_END);
  return length + Math.floor(fractionOf(named.seed) * length) + length;
}

/** Knuth's multiplicative hash spreads neighbouring seeds over 0 ≤ u < 1. */
const fractionOf = (seed: number): number => (Math.imul(seed + 1, 2654435761) >>> 0) / 2 ** 32;

/** Returns the parts of ascending ranges that are in `[start, end)`. */
function clipped(ranges: readonly TokenRange[], start: number, end: number): readonly TokenRange[] {
  return ranges
    .map((range) => ({ start: Math.max(range.start, start), end: Math.min(range.end, end) }))
    .filter((range) => range.end > range.start);
}

function mergeRanges(ranges: readonly TokenRange[]): readonly TokenRange[] {
  const merged: TokenRange[] = [];
  for (const range of [...ranges].sort((a, b) => a.start - b.start)) {
    const last = merged.at(-1);
    if (last !== undefined && range.start <= last.end) {
      merged[merged.length - 1] = { start: last.start, end: Math.max(last.end, range.end) };
    } else merged.push({ start: range.start, end: range.end });
  }
  return merged;
}
