import { HoldfastError } from '../errors.js';
import type { Span, TokenRange } from '../text/index.js';

/**
 * What counts as "the system prompt". `prefix` is the definition in Li et al. 2024; `sink`, `template` and
 * `random` are controls: an effect that a control also shows is not an effect of the system prompt. `random` is
 * a span as long as the prefix shortly after it; it exists once the dialogue has grown that far, and stays put.
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

/** The parts of a rendered dialogue that a target is resolved against. */
export interface TargetContext {
  readonly spans: readonly Span[];
  /** The system message with header and tail (without the sink) and its own words; null when there is none. */
  readonly system: { readonly message: TokenRange; readonly content: TokenRange } | null;
}

/**
 * Reads `prefix`, `message`, `content`, `sink`, `template`, `random:SEED` or `START:END`, or `not:` and one of these.
 * @throws HoldfastError `E_TARGET` when the text is none of these.
 */
export function parseTarget(text: string): Target {
  const of = namedTarget(text.startsWith('not:') ? text.slice('not:'.length) : text);
  if (of === null) {
    throw new HoldfastError('E_TARGET', `"${text}" is not a target`, {
      hint: 'Write prefix, message, content, sink, template, random:SEED or START:END (token indices, START < END), or not: and one of these',
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

function namedRanges(target: NamedTarget, { spans, system }: TargetContext): readonly TokenRange[] {
  if (target.kind === 'range') return [target.range];
  if (target.kind === 'sink') return spans.filter(({ role }) => role === 'sink');
  if (target.kind === 'template') return spans.filter(({ role }) => role === 'template');
  if (system === null) {
    throw new HoldfastError('E_TARGET', `the target ${targetName(target)} needs a system message`);
  }
  if (target.kind === 'prefix') return [{ start: 0, end: system.message.end }];
  if (target.kind === 'random') return [randomRange(target.seed, system.message.end, spans.at(-1)?.end ?? 0)];
  return [target.kind === 'message' ? system.message : system.content];
}

/**
 * A span as long as the prefix, within the two prefix lengths that follow it. Where it starts depends on the seed
 * and the prefix alone, so that a control stays put while the dialogue grows:
 *
 *   start = |prefix| + floor(u·|prefix|),   0 ≤ u(seed) < 1
 */
function randomRange(seed: number, prefixEnd: number, total: number): TokenRange {
  // Knuth's multiplicative hash spreads neighbouring seeds.
  const fraction = (Math.imul(seed + 1, 2654435761) >>> 0) / 2 ** 32;
  const start = prefixEnd + Math.floor(fraction * prefixEnd);
  const end = start + prefixEnd;
  if (end > total) {
    throw new HoldfastError(
      'E_TARGET',
      `the target random:${seed} is tokens [${start}, ${end}), and the dialogue has ${total}`,
      {
        hint: `A dialogue of three times the system prompt, ${3 * prefixEnd} tokens, has room for every seed`,
      },
    );
  }
  return { start, end };
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
