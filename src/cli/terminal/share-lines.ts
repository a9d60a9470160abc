import { POLICY_RULES, targetName } from '../../attention/index.js';
import {
  type AnswerShares,
  policyAsked,
  type Share,
  type Turn,
  tokensPerSecond,
} from '../../dialogue/index.js';

/** Lines a chat writes about its answers. Pure: numbers in, words out. */

const BARS = '▁▂▃▄▅▆▇█';
/** So many turns of a course still fit a terminal's line beside the rest. */
const COURSE_TURNS = 24;

/** What the bars stand for. The scale is fixed, so that a bar stays as it was when later turns come. */
export const BAR_SCALE =
  'one bar higher is twice the share: ▁ below .008, ▂ below .016, ▃ .031, ▄ .063, ▅ .125, ▆ .25, ▇ .5, █ from .5';

/** The course of a share on the scale of {@link BAR_SCALE}, the newest turn last. */
export function sparkline(shares: readonly number[]): string {
  return shares.slice(-COURSE_TURNS).map(bar).join('');
}

function bar(share: number): string {
  const highest = BARS.length - 1;
  const step = share <= 0 ? 0 : Math.floor(Math.log2(share)) + 1 + highest;
  return BARS[Math.min(highest, Math.max(0, step))]!;
}

/** `.014`, with three digits behind the point. */
function shareNumber(share: number): string {
  return share.toFixed(3).replace(/^0/, '');
}

/** `.332`, or `.332 → .576` when a policy changed it; `bars` stand behind the share before. */
export function shareText({ before, after }: Share, bars = ''): string {
  const [from, to] = [shareNumber(before), shareNumber(after)];
  return [from, bars, from === to ? '' : `→ ${to}`].filter((part) => part !== '').join(' ');
}

/**
 * One line about the last of these turns: `prompt .014 ▃▂ → .031 · sink .298`, then strength and speed. The bars are
 * the course of the share before the policy over all turns. Another target than the prompt stands in front, by name.
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
  return [shares, strengthText(turn), speedText(turn), finishText(turn)]
    .filter((part) => part !== '')
    .join('  ');
}

interface ShownShare {
  readonly name: string;
  readonly of: (turn: Turn) => AnswerShares | null;
}

/** @param withCourse whether the share's course over all turns is drawn */
function shownText({ name, of }: ShownShare, turns: readonly Turn[], withCourse: boolean): string {
  const share = of(turns.at(-1)!)?.mean;
  if (share === undefined) return `no ${name}`;
  const course = sparkline(turns.flatMap((turn) => of(turn)?.mean.before ?? []));
  return `${name} ${shareText(share, withCourse ? course : '')}`;
}

/** Both answers of a comparison on one line. */
export function comparedLine(off: readonly Turn[], on: readonly Turn[]): string {
  return `off: ${shareLine(off)}  |  on: ${shareLine(on)}`;
}

/** The policy and the strength that was used: `split-softmax k=0.96`. */
function strengthText(turn: Turn): string {
  const { policy } = turn.settings;
  if (policy === 'off') return 'off';
  if (turn.strength === null) return policyAsked(turn) ? policy : `${policy} (measures this answer)`;
  const { first, last } = turn.strength;
  const range = first === last ? number(first) : `${number(first)}→${number(last)}`;
  return `${policy} ${POLICY_RULES[policy].symbol}=${range}`;
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

/** Four digits at most, and no zeros behind them. */
function number(value: number): string {
  return String(Number(value.toPrecision(4)));
}
