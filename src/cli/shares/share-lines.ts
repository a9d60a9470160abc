import { POLICY_RULES, targetName } from '../../attention/index.js';
import { type AnswerShares, type Share, type Turn, tokensPerSecond } from '../../dialogue/index.js';

/** The lines that a chat writes about its answers. */

const BARS = '▁▂▃▄▅▆▇█';
/** Number of turns shown as bars; more would not fit on a line. */
const COURSE_TURNS = 24;

/** The meaning of the bars. The scale is fixed, so that later turns do not change earlier bars. */
export const BAR_SCALE =
  'each step doubles the share: ▁ below .008, ▂ below .016, ▃ .031, ▄ .063, ▅ .125, ▆ .25, ▇ .5, █ from .5';

/** Returns the course of a share as bars on the scale of {@link BAR_SCALE}, the newest turn last. */
export function sparkline(shares: readonly number[]): string {
  return shares.slice(-COURSE_TURNS).map(bar).join('');
}

function bar(share: number): string {
  const highest = BARS.length - 1;
  const step = share <= 0 ? 0 : Math.floor(Math.log2(share)) + 1 + highest;
  return BARS[Math.min(highest, Math.max(0, step))]!;
}

/** Formats a share with three decimals: `.014`. */
function shareNumber(share: number): string {
  return share.toFixed(3).replace(/^0/, '');
}

/** Formats a share: `.332`, or `.332 → .576` if a policy changed it. `bars` follow the first number. */
export function shareText({ before, after }: Share, bars = ''): string {
  const [from, to] = [shareNumber(before), shareNumber(after)];
  return [from, bars, from === to ? '' : `→ ${to}`].filter((part) => part !== '').join(' ');
}

/**
 * Returns a line about the last of these turns: `prompt .014 ▃▂ → .031 · sink .298`, then strength and speed. The bars
 * show the share before the policy over all turns. A target other than the prompt comes first, by name.
 */
export function shareLine(turns: readonly Turn[]): string {
  const turn = turns.at(-1)!;
  const { target } = turn.settings;
  const named: ShownShare[] = [
    ...(target.kind === 'message' ? [] : [{ name: targetName(target), of: ({ shares }: Turn) => shares }]),
    { name: 'prompt', of: ({ parts }) => parts.prompt },
    ...(target.kind === 'sink' ? [] : [{ name: 'sink', of: ({ parts }: Turn) => parts.sink }]),
  ];
  const shares = named.map((shown, index) => shownText(shown, turns, index === 0)).join(' · ');
  return [shares, strengthText(turn), cleanedText(turn), speedText(turn), finishText(turn)]
    .filter((part) => part !== '')
    .join('  ');
}

interface ShownShare {
  readonly name: string;
  readonly of: (turn: Turn) => AnswerShares | null;
}

/** @param withCourse whether to draw the share's course over all turns */
function shownText({ name, of }: ShownShare, turns: readonly Turn[], withCourse: boolean): string {
  const share = of(turns.at(-1)!)?.mean;
  if (share === undefined) return `no ${name}`;
  if (share === null) return `${name} out of sight`;
  const course = sparkline(turns.flatMap((turn) => of(turn)?.mean?.before ?? []));
  return `${name} ${shareText(share, withCourse ? course : '')}`;
}

/** Returns the line about both answers of a comparison. */
export function comparedLine(off: readonly Turn[], on: readonly Turn[]): string {
  return `off: ${shareLine(off)}  |  on: ${shareLine(on)}`;
}

/** Returns the policy and its strength: `split-softmax k=0.96`. */
function strengthText(turn: Turn): string {
  const { policy } = turn.settings;
  if (policy === 'off') return 'off';
  if (turn.strength === null) {
    // The chat has said why not.
    const state = turn.measuring ? ' (measures this answer)' : turn.notice === null ? '' : ' (does not act)';
    return `${policy}${state}`;
  }
  const { first, last } = turn.strength;
  const { symbol, identity } = POLICY_RULES[policy];
  const shown = (strength: number): string => number(strength, identity);
  const range = first === last ? shown(first) : `${shown(first)}→${shown(last)}`;
  return `${policy} ${symbol}=${range}`;
}

/** Says that the cache is clean, and how many tokens were computed again for it. */
function cleanedText({ cleaned }: Turn): string {
  return cleaned === null ? '' : `clean cache: ${cleaned.recomputed} tokens again`;
}

function speedText(turn: Turn): string {
  const speed = tokensPerSecond(turn);
  return speed === null ? '' : `${speed.toFixed(1)} tokens/s`;
}

const FINISHES: Readonly<Record<Turn['finish'], string>> = {
  stop: '',
  'stop-string': '',
  length: '(cut at --max-tokens)',
  abort: '(stopped)',
};

function finishText(turn: Turn): string {
  return FINISHES[turn.finish];
}

/**
 * Formats a strength with four digits and without trailing zeros. It has more digits if it would otherwise look like
 * the identity: `0.99999`, not `1`.
 */
function number(strength: number, identity: number): string {
  const short = Number(strength.toPrecision(4));
  return String(short === identity ? strength : short);
}
