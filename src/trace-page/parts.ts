import { GROUPS, groupOf } from '../studio/index.js';
import type { TraceRecord } from '../trace/index.js';
import type { PagePart, PageSpan } from './page-data.js';

/** A part of the page, and where its shares come from. */
export interface PartSource extends PagePart {
  readonly tensor: string;
  /** Returns the share, from the tensor's values of one head and token, which begin at `start`. */
  readonly of: (values: Float32Array, start: number, token: number) => number;
}

/** What a page shows the shares of. */
export interface Parts {
  readonly sources: readonly PartSource[];
  /** How many of them, from the first, sum to 1. */
  readonly whole: number;
}

/**
 * Returns what a page shows the shares of: the studio's groups, if the trace has the shares of spans; and the target, unless
 * the groups say the same, before and after the policy if there was one.
 * @param has whether the trace has a tensor
 */
export function partsOf(
  { target, policy }: TraceRecord,
  spans: readonly PageSpan[],
  has: (tensor: string) => boolean,
): Parts {
  const acted = policy !== 'off';
  const name = target === 'message' ? 'prompt' : `target ${target}`;
  const before = has('target.share_before') ? [targetPart(`${name}, before the policy`, 'before')] : [];
  const after = has('target.share_after')
    ? [targetPart(acted ? `${name}, after the policy` : name, 'after')]
    : [];
  const changed = acted ? before : [];
  if (has('span.shares')) {
    const isSaid = !acted && target === 'message';
    return { sources: [...groupParts(spans), ...changed, ...(isSaid ? [] : after)], whole: GROUPS.length };
  }
  return after.length === 0
    ? { sources: before, whole: 0 }
    : { sources: [...after, REST, ...changed], whole: 2 };
}

function groupParts(spans: readonly PageSpan[]): PartSource[] {
  const turns = spans.flatMap(({ turn, start, end }) => Array<number>(end - start).fill(turn));
  return GROUPS.map((group) => {
    // The group's spans, as a token of each turn sees them.
    const seen = new Map(
      [...new Set(turns)].map((turn) => [
        turn,
        spans.flatMap(({ role, turn: own }, at) => (role && groupOf(role, own, turn) === group ? [at] : [])),
      ]),
    );
    return {
      colour: group,
      name: null,
      tensor: 'span.shares',
      of: (values, start, token) => {
        let sum = 0;
        for (const span of seen.get(turns[token]!)!) sum += values[start + span]!;
        return sum;
      },
    };
  });
}

const targetPart = (name: string, moment: 'before' | 'after'): PartSource => ({
  colour: 'prompt',
  name,
  tensor: `target.share_${moment}`,
  of: (values, start) => values[start]!,
});

const REST: PartSource = {
  colour: 'template',
  name: 'all other tokens',
  tensor: 'target.share_after',
  of: (values, start) => 1 - values[start]!,
};
