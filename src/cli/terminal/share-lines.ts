import { POLICY_RULES } from '../../attention/index.js';
import { policyActed, type Share, type Turn, tokensPerSecond } from '../../dialogue/index.js';

/** Lines a chat writes about its answers. Pure: numbers in, words out. */

const BARS = '▁▂▃▄▅▆▇█';
/** So many turns of a course still fit a terminal's line beside the rest. */
const COURSE_TURNS = 24;

/** Bars from zero to the largest value, the newest last. */
export function sparkline(values: readonly number[]): string {
  const shown = values.slice(-COURSE_TURNS);
  const largest = Math.max(...shown, 0);
  return shown
    .map((value) => BARS[largest === 0 ? 0 : Math.round((value / largest) * (BARS.length - 1))])
    .join('');
}

/** `0.332`, or `0.332 → 0.576` when a policy changed it. */
export function shareText({ before, after }: Share): string {
  return before === after ? before.toFixed(3) : `${before.toFixed(3)} → ${after.toFixed(3)}`;
}

/** One line about the last of these turns, and the course of the share over all of them. */
export function shareLine(turns: readonly Turn[], label = 'system prompt'): string {
  const turn = turns.at(-1)!;
  const course = turns.flatMap(({ shares }) => (shares === null ? [] : [shares.mean.after]));
  const { kind } = turn.settings.target;
  return [
    turn.shares === null ? `no ${kind} to measure` : `${label} ${shareText(turn.shares.mean)}`,
    sparkline(course),
    strengthText(turn),
    speedText(turn),
    finishText(turn),
  ]
    .filter((part) => part !== '')
    .join('  ');
}

/** Both answers of a comparison on one line. */
export function comparedLine(off: readonly Turn[], on: readonly Turn[]): string {
  return `${shareLine(off, 'off')}  |  ${shareLine(on, 'on')}`;
}

/** The policy and the strength that was used: `split-softmax k=0.96`. */
function strengthText(turn: Turn): string {
  const { policy } = turn.settings;
  if (policy === 'off') return 'off';
  if (turn.strength === null) return policyActed(turn) ? policy : `${policy} (measures this answer)`;
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
