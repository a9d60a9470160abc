import { headsInMeans, meanOverHeads, type Receipt, type Target } from '../attention/index.js';
import {
  type AnswerShares,
  type RowObservation,
  type Share,
  sharesAt,
  type Turn,
} from '../dialogue/index.js';
import { headGrid, type Model } from '../engine/index.js';

/** Shares of attention: the system prompt, the first token, and every turn. */
export interface HoldShares {
  readonly prompt: Share | null;
  readonly sink: Share | null;
  /** The share of each turn after the policy, its messages with their headers, in order. */
  readonly turns: readonly number[];
}

/** What the policy did in an answer, and where attention went. */
export interface HoldReport {
  readonly policy: string;
  /** The strength in the row that chose the last token; null for `off` and `sustain`. */
  readonly strength: number | null;
  /** Means over the rows that chose the answer's tokens. */
  readonly shares: HoldShares;
  readonly receipt: Receipt | null;
  /** What is off in this answer, and why the policy did not do what it was asked to; else null. */
  readonly notice: string | null;
}

/** The targets to watch during an answer. */
export const WATCHED: readonly Target[] = [{ kind: 'message' }, { kind: 'sink' }];

/** Reads shares row by row. */
export interface RowReader {
  /** Takes the row of the next token, and returns its shares. */
  add(row: RowObservation): HoldShares;
  /** Returns the report of the answer. @param off what is off in it; null for nothing */
  report(turn: Turn, off: string | null): HoldReport;
}

/** Returns a reader for one answer. Means are over the heads that see furthest. */
export function createRowReader(model: Model): RowReader {
  const heads = headsInMeans(headGrid(model.executor.blueprint));
  const sums: number[] = [];
  let rows = 0;
  return {
    add({ spans, watched, shares }) {
      const measured = shares.spans!; // requested with every answer
      const shareOf = (places: readonly number[] | null | undefined): Share | null => {
        if (places == null) return null;
        const { before, after } = sharesAt(measured, places);
        return { before: meanOverHeads(heads, before), after: meanOverHeads(heads, after) };
      };
      const places: number[][] = [];
      for (const [place, { turn }] of spans.entries()) {
        while (places.length < turn) places.push([]);
        if (turn > 0) places[turn - 1]!.push(place);
      }
      const turns = places.map((own) => shareOf(own)!.after);
      for (const [turn, share] of turns.entries()) sums[turn] = (sums[turn] ?? 0) + share;
      rows++;
      return { prompt: shareOf(watched[0]), sink: shareOf(watched[1]), turns };
    },
    report({ settings, strength, parts, receipt, notice }, off) {
      const notices = [off, notice].filter((each) => each !== null);
      const meanOf = (part: AnswerShares | null): Share | null => part?.mean ?? null;
      return {
        policy: settings.policy,
        strength: strength?.last ?? null,
        shares: {
          prompt: meanOf(parts.prompt),
          sink: meanOf(parts.sink),
          turns: sums.map((sum) => sum / rows),
        },
        receipt,
        notice: notices.length === 0 ? null : notices.join('; '),
      };
    },
  };
}
