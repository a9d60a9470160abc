import { HoldfastError } from '../errors.js';
import { checkStrength, mapShare, POLICY_RULES, type Policy } from './policy.js';

/** How a policy's strength follows the dialogue's length. Steps and rates are distances, from 0. */
export type Schedule =
  | { readonly kind: 'constant'; readonly strength: number }
  /** `from` in the first turn, then each turn a step towards `to`, until there. */
  | { readonly kind: 'per-turn'; readonly from: number; readonly to: number; readonly step: number }
  /** `from`, and rate·ln(t / |system|) from there towards `to`, until there; t counts all tokens so far. */
  | { readonly kind: 'per-token'; readonly from: number; readonly to: number; readonly rate: number }
  /** The strength that would bring the mean share to `share`, given the shares seen last. */
  | { readonly kind: 'target'; readonly share: number };

/** Where the dialogue stands when a schedule is asked. */
export interface DialoguePoint {
  /** The turn being answered, from 1. */
  readonly turn: number;
  /** Tokens in the dialogue so far. */
  readonly tokens: number;
  /** Tokens of the target. */
  readonly targetTokens: number;
  /** The target's share before the policy in the row seen last, `[layers × heads]`; absent before the first row. */
  readonly shares?: Float32Array;
}

/**
 * The strength at a point of the dialogue.
 * A `target` schedule leaves everything as it is until shares have been seen.
 */
export function scheduledStrength(policy: Policy, schedule: Schedule, point: DialoguePoint): number {
  switch (schedule.kind) {
    case 'constant':
      return schedule.strength;
    case 'per-turn': {
      const size = schedule.step * Math.max(0, point.turn - 1);
      return moveTowards(schedule.from, schedule.to, size);
    }
    case 'per-token': {
      const growth = Math.log(point.tokens / Math.max(1, point.targetTokens));
      return moveTowards(schedule.from, schedule.to, schedule.rate * Math.max(0, growth));
    }
    case 'target':
      return point.shares === undefined
        ? POLICY_RULES[policy].identity
        : strengthForMeanShare(policy, point.shares, schedule.share);
  }
}

function moveTowards(from: number, to: number, distance: number): number {
  return distance >= Math.abs(to - from) ? to : from + Math.sign(to - from) * distance;
}

/**
 * The strength with which the policy brings the mean of these shares to `mean`, by bisection between the strength that
 * changes nothing and the strongest one. A policy that raises leaves a mean alone that is higher already, one that lowers
 * a mean that is lower; where the policy cannot reach `mean`, its strongest setting.
 * @param shares shares before the policy, each in [0, 1]
 * @throws HoldfastError `E_STRENGTH` without shares: nothing has no mean
 */
export function strengthForMeanShare(policy: Policy, shares: Float32Array, mean: number): number {
  if (shares.length === 0) {
    throw new HoldfastError(
      'E_STRENGTH',
      'the strength for a mean share needs the share of at least one head',
    );
  }
  const { identity, minimum, maximum, stronger } = POLICY_RULES[policy];
  const meanAt = (strength: number): number => {
    let sum = 0;
    for (const share of shares) sum += mapShare(policy, share, strength);
    return sum / shares.length;
  };
  let weak = identity;
  let strong = stronger === 'smaller' ? minimum : maximum;
  const direction = Math.sign(meanAt(strong) - meanAt(weak));
  const falls = (strength: number): boolean => direction * (meanAt(strength) - mean) < 0;
  if (!falls(weak)) return weak;
  if (falls(strong)) return strong;
  // Strengths that begin above 0 are factors and span decades: halve their logarithm.
  const middleOf = (a: number, b: number): number => (minimum > 0 ? Math.sqrt(a * b) : (a + b) / 2);
  for (let iteration = 0; iteration < 60; iteration++) {
    const middle = middleOf(weak, strong);
    if (falls(middle)) weak = middle;
    else strong = middle;
  }
  return middleOf(weak, strong);
}

/**
 * Reads `constant`, `per-turn:FROM,TO,STEP`, `per-token:FROM,TO,RATE` or `target:SHARE`.
 * @param strength what a `constant` schedule holds
 * @throws HoldfastError `E_POLICY` when the text is none of these. What a policy's strengths may be is for
 * {@link checkSchedule}.
 */
export function parseSchedule(text: string, strength: number): Schedule {
  const schedule = readSchedule(text, strength);
  if (schedule !== null && misfit(schedule) === null) return schedule;
  throw new HoldfastError('E_POLICY', `"${text}" is not a schedule`, {
    hint: 'Write constant, per-turn:FROM,TO,STEP, per-token:FROM,TO,RATE or target:SHARE (steps and rates from 0, a share from 0 to 1)',
  });
}

function readSchedule(text: string, strength: number): Schedule | null {
  const [, kind, rest] = /^([a-z-]+)(?::(.*))?$/.exec(text) ?? [];
  const numbers = rest === undefined ? [] : rest.split(',').map(readNumber);
  const [first = Number.NaN, second = Number.NaN, third = Number.NaN] = numbers;
  const count = numbers.some((value) => !Number.isFinite(value)) ? -1 : numbers.length;
  if (kind === 'constant' && count === 0) return { kind, strength };
  if (kind === 'per-turn' && count === 3) return { kind, from: first, to: second, step: third };
  if (kind === 'per-token' && count === 3) return { kind, from: first, to: second, rate: third };
  if (kind === 'target' && count === 1) return { kind, share: first };
  return null;
}

/** NaN for what is not a number; `Number` alone takes nothing at all for 0. */
function readNumber(text: string): number {
  return text.trim() === '' ? Number.NaN : Number(text);
}

/**
 * Checks a schedule before a dialogue begins: its numbers, and that the strengths it starts from and can reach are the
 * policy's.
 * @throws HoldfastError `E_POLICY` for a kind that does not exist, `E_STRENGTH` for a number out of range
 */
export function checkSchedule(policy: Policy, schedule: Schedule): void {
  const wrong = misfit(schedule);
  if (wrong !== null) throw wrong;
  for (const bound of scheduleBounds(schedule)) checkStrength(policy, bound);
}

/** What no policy could follow, as an error; null when there is nothing. */
function misfit(schedule: Schedule): HoldfastError | null {
  const { kind } = schedule;
  switch (kind) {
    case 'constant':
      return null;
    case 'per-turn':
      return outside(kind, 'step', schedule.step, Number.MAX_VALUE);
    case 'per-token':
      return outside(kind, 'rate', schedule.rate, Number.MAX_VALUE);
    case 'target':
      return outside(kind, 'share', schedule.share, 1);
    default:
      return new HoldfastError('E_POLICY', `"${kind}" is not a kind of schedule`, {
        hint: 'Known: constant, per-turn, per-token, target',
      });
  }
}

function outside(
  kind: Schedule['kind'],
  field: 'step' | 'rate' | 'share',
  value: number,
  maximum: number,
): HoldfastError | null {
  if (value >= 0 && value <= maximum) return null;
  const range = maximum === 1 ? 'from 0 to 1' : 'that is finite and not below 0';
  return new HoldfastError('E_STRENGTH', `a ${kind} schedule takes a ${field} ${range}, not ${value}`, {
    field,
  });
}

/** The strengths a schedule starts from and can reach; none without a schedule, or where they follow from shares. */
export function scheduleBounds(schedule: Schedule | null): readonly number[] {
  if (schedule === null) return [];
  switch (schedule.kind) {
    case 'constant':
      return [schedule.strength];
    case 'per-turn':
    case 'per-token':
      return [schedule.from, schedule.to];
    case 'target':
      return [];
  }
}
