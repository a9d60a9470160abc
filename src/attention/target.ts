import { HoldfastError } from '../errors.js';
import type { MessageLayout, Span, TokenRange } from '../text/index.js';

/**
 * Whose share is measured and changed.
 *
 * - `message`: the system message with its role header and tail, wherever it stands. Several system messages count
 *   together.
 * - `content`: its own words alone.
 * - `prefix`: everything up to the end of the system message, the sink and the template's opening included, other
 *   messages left out (Li et al. 2024). Where the system message stands in front, it is the sink and the message.
 * - `sink`, `template` and `random` are controls: an effect that a control also shows is not an effect of the system
 *   prompt. `random` is a seeded span as long as the prefix, shortly after it.
 */
export type Target = NamedTarget | Rest;

/** A target that says which tokens it is. */
export type NamedTarget =
  | { readonly kind: 'prefix' | 'message' | 'content' | 'sink' | 'template' }
  | { readonly kind: 'random'; readonly seed: number }
  | { readonly kind: 'range'; readonly range: TokenRange };

/**
 * All tokens outside of a target, those to come included. The policy `floor` with ψ = 1 on it knocks the target out: the
 * rest gets all of every row that sees both, as if the target's keys were masked.
 *
 * It is done from this side because of how rows are computed: out = out_all + c·(out_rest − out_all) with
 * c = (π′ − π) / (1 − π) is out_rest where π′ = 1, whatever π. From the target's own side, π′ = 0 is
 * c = −π / (1 − π): where the target holds nearly all of a row, the difference of two huge vectors.
 */
export interface Rest {
  readonly kind: 'not';
  readonly of: NamedTarget;
}

/** Where ranges end that go on for as long as the dialogue does; whoever counts their tokens cuts them at its length. */
const NO_END = Number.MAX_SAFE_INTEGER;

/** The target where none is chosen: on a real model most of the prefix's share is that of the sink. */
export const DEFAULT_TARGET: Target = { kind: 'message' };

/** The parts of a rendered dialogue that a target is resolved against. */
export interface TargetContext {
  readonly spans: readonly Span[];
  /** A message that the template leaves out has no tokens. */
  readonly messages: readonly Pick<MessageLayout, 'role' | 'start' | 'end' | 'content'>[];
}

/**
 * Reads `message`, `content`, `prefix`, `sink`, `template`, `random:SEED` or `START:END`, or `not:` and one of these.
 * @throws HoldfastError `E_TARGET` when the text is none of these.
 */
export function parseTarget(text: string): Target {
  const of = namedTarget(text.startsWith('not:') ? text.slice('not:'.length) : text);
  if (of === null) {
    throw new HoldfastError('E_TARGET', `"${text}" is not a target`, {
      hint: 'Write message, content, prefix, sink, template, random:SEED or START:END (token indices, START < END), or not: and one of these',
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
  // Larger numbers would not be read as they are written.
  if (Number.isSafeInteger(Number(second))) {
    if (name === 'random') return { kind: 'random', seed: Number(second) };
    if (Number(name) < Number(second)) {
      return { kind: 'range', range: { start: Number(name), end: Number(second) } };
    }
  }
  return null;
}

/** How a target is written, as {@link parseTarget} reads it. */
export function targetName(target: Target): string {
  if (target.kind === 'not') return `not:${targetName(target.of)}`;
  if (target.kind === 'random') return `random:${target.seed}`;
  if (target.kind === 'range') return `${target.range.start}:${target.range.end}`;
  return target.kind;
}

/** The tokens that a target names: its own, or those it is the rest of. */
export function namedBy(target: Target): NamedTarget {
  return target.kind === 'not' ? target.of : target;
}

/** Whether a target is found by the system message; the others are by place, or by who wrote their tokens. */
export function needsSystem(target: Target): boolean {
  const { kind } = namedBy(target);
  return kind !== 'sink' && kind !== 'template' && kind !== 'range';
}

/**
 * The token ranges of a target: disjoint, ascending, none empty. The rest of a target reaches beyond the dialogue's end,
 * so that it holds what is still to come.
 * @throws HoldfastError `E_TARGET` when the dialogue has no such tokens.
 */
export function resolveTarget(target: Target, context: TargetContext): readonly TokenRange[] {
  const ranges = targetRanges(target, context).filter(({ start, end }) => end > start);
  if (ranges.length === 0) {
    throw new HoldfastError('E_TARGET', `the target ${targetName(target)} has no tokens in this dialogue`);
  }
  return mergeRanges(ranges);
}

/** How many tokens of ascending ranges lie before token `end`. */
export function tokensBefore(ranges: readonly TokenRange[], end: number): number {
  return ranges.reduce((sum, range) => sum + Math.max(0, Math.min(range.end, end) - range.start), 0);
}

function targetRanges(target: Target, context: TargetContext): readonly TokenRange[] {
  return target.kind === 'not' ? complement(resolveTarget(target.of, context)) : namedRanges(target, context);
}

/** What lies between disjoint ascending ranges, and before and after them. */
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
  const system = systemMessages(context);
  if (system.length === 0) {
    throw new HoldfastError('E_TARGET', `the target ${targetName(target)} needs a system message`);
  }
  if (target.kind === 'message') return system;
  if (target.kind === 'content') return system.map(({ content }) => content);
  return target.kind === 'random' ? randomRanges(target.seed, context) : prefixRanges(context);
}

/** Whether a dialogue has a system message that targets can be made of: one of which the template writes something. */
export function hasSystemMessage(context: Pick<TargetContext, 'messages'>): boolean {
  return systemMessages(context).length > 0;
}

const systemMessages = ({ messages }: Pick<TargetContext, 'messages'>): TargetContext['messages'] =>
  messages.filter(({ role, start, end }) => role === 'system' && end > start);

/** What lies before the end of the last system message, without the other messages. */
function prefixRanges(context: TargetContext): readonly TokenRange[] {
  const prefixEnd = Math.max(...systemMessages(context).map(({ end }) => end));
  const others = context.messages.filter(({ role, start, end }) => role !== 'system' && end > start);
  return clipped(complement(mergeRanges(others)), 0, prefixEnd);
}

/**
 * A span as long as the prefix, among the tokens that are not the prefix's. Where it begins among them depends on the
 * seed and the prefix's length n alone, so that a control stays put while the dialogue grows:
 *
 *   skipped = floor(u·n),   0 ≤ u(seed) < 1
 *
 * Behind a prefix that stands in front it is one range. It goes around a system message that stands in its way.
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
      { hint: `A dialogue of three times the prefix, ${3 * length} tokens, has room for every seed` },
    );
  }
  const others = clipped(complement(prefix), 0, total);
  /** Where the token lies that is number `index`, from 0, of those outside of the prefix. */
  const placeOf = (index: number): number => {
    let left = index;
    for (const { start, end } of others) {
      if (left < end - start) return start + left;
      left -= end - start;
    }
    throw new Error(`${index} is beyond the ${total - length} tokens outside of the prefix`);
  };
  return clipped(others, placeOf(skipped), placeOf(skipped + length - 1) + 1);
}

/**
 * How many tokens a dialogue has to hold before it has the target. A random span is there once the dialogue is long
 * enough; every other target that a dialogue has is there from its first prompt on.
 */
export function tokensNeeded(target: Target, context: TargetContext): number {
  const named = namedBy(target);
  if (named.kind !== 'random') return 0;
  const length = tokensBefore(prefixRanges(context), NO_END);
  return length + Math.floor(fractionOf(named.seed) * length) + length;
}

/** Knuth's multiplicative hash spreads neighbouring seeds over 0 ≤ u < 1. */
const fractionOf = (seed: number): number => (Math.imul(seed + 1, 2654435761) >>> 0) / 2 ** 32;

/** What of ascending ranges lies in `[start, end)`. */
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
