import { HoldfastError } from '../errors.js';
import { checkStrength, POLICY_RULES, type Policy, type PolicyRule } from './policy.js';
import { mapShareBy, rowMapOf } from './row-map.js';

/** How a policy's strength follows the dialogue. Steps and rates are 0 or more; their direction is from `from` to `to`. */
export type Schedule =
  | { readonly kind: 'constant'; readonly strength: number }
  /** `from` in the first turn, then one step towards `to` every turn, stopping there. */
  | { readonly kind: 'per-turn'; readonly from: number; readonly to: number; readonly step: number }
  /** `from`, moved by rate·ln(t / |system|) towards `to`, stopping there; t is the number of tokens so far. */
  | { readonly kind: 'per-token'; readonly from: number; readonly to: number; readonly rate: number }
  /** The strength that would bring the mean share (see {@link headsInMeans}) to `share`, given the shares seen last. */
  | { readonly kind: 'target'; readonly share: number };

/** The state of a dialogue that a schedule is evaluated for. */
export interface DialoguePoint {
  /** The turn being answered, from 1. */
  readonly turn: number;
  /** Tokens in the dialogue so far. */
  readonly tokens: number;
  /** Tokens of the target among them. */
  readonly targetTokens: number;
  /**
   * The target's shares before the policy in the latest row, of the heads whose mean a `target` schedule follows; absent
   * if there is no such row, or no head sees the target.
   */
  readonly shares?: Float32Array;
}

/** A strength, and whether it does what its schedule asks for. */
export interface ScheduledStrength {
  readonly strength: number;
  /** On which side of the share that a `target` schedule asks for the closest mean is; null if the mean can be reached. */
  readonly missed: 'below' | 'above' | null;
}

/**
 * Returns the strength at a point of the dialogue.
 * A `target` schedule returns the identity until shares have been measured.
 */
export function scheduledStrength(
  policy: Policy,
  schedule: Schedule,
  point: DialoguePoint,
): ScheduledStrength {
  switch (schedule.kind) {
    case 'constant':
      return reached(schedule.strength);
    case 'per-turn': {
      const size = schedule.step * Math.max(0, point.turn - 1);
      return reached(moveTowards(schedule.from, schedule.to, size));
    }
    case 'per-token': {
      const growth = Math.log(point.tokens / Math.max(1, point.targetTokens));
      return reached(moveTowards(schedule.from, schedule.to, schedule.rate * Math.max(0, growth)));
    }
    case 'target':
      return point.shares === undefined
        ? reached(POLICY_RULES[policy].identity)
        : strengthForMeanShare(POLICY_RULES[policy], point.shares, schedule.share);
  }
}

const reached = (strength: number): ScheduledStrength => ({ strength, missed: null });

function moveTowards(from: number, to: number, distance: number): number {
  return distance >= Math.abs(to - from) ? to : from + Math.sign(to - from) * distance;
}

/** The number of steps from the identity to the strongest strength in which {@link strengthForMeanShare} searches. */
const STEPS = 64;

/**
 * Returns a strength at which the rule brings the mean of these shares to `mean`. If it finds none, returns the tried
 * strength whose mean is closest, the weakest if several are, and on which side of `mean` it is.
 *
 * The mean need not be monotone in the strength: a rule can raise some shares and lower others. So the function tries
 * strengths in 64 steps from the identity to the strongest, and bisects the first step in which the mean passes `mean`.
 * It misses a mean that is reached twice within one step.
 * @param rule the row of a policy in {@link POLICY_RULES}
 * @param shares shares before the policy, each in [0, 1]
 * @throws HoldfastError `E_STRENGTH` when `shares` is empty
 */
export function strengthForMeanShare(
  rule: PolicyRule,
  shares: Float32Array,
  mean: number,
): ScheduledStrength {
  if (shares.length === 0) {
    throw new HoldfastError(
      'E_STRENGTH',
      'the strength for a mean share needs the share of at least one head',
    );
  }
  const { identity, minimum, maximum, stronger } = rule;
  const strongest = stronger === 'smaller' ? minimum : maximum;
  // A range that begins above 0 is one of factors and spans decades, so it is divided on a logarithmic scale.
  const between = (a: number, b: number, part: number): number =>
    minimum > 0 ? a * (b / a) ** part : a + (b - a) * part;
  const excess = (strength: number): number => {
    const map = rowMapOf(rule.map(strength));
    let sum = 0;
    for (const share of shares) sum += mapShareBy(map, share);
    return sum / shares.length - mean;
  };

  const first = excess(identity);
  if (first === 0) return reached(identity);
  let closest = { strength: identity, distance: Math.abs(first) };
  let weak = identity;
  for (let step = 1; step <= STEPS; step++) {
    const strong = step === STEPS ? strongest : between(identity, strongest, step / STEPS);
    const now = excess(strong);
    if (Math.sign(now) !== Math.sign(first)) return reached(bisect(weak, strong));
    if (Math.abs(now) < closest.distance) closest = { strength: strong, distance: Math.abs(now) };
    weak = strong;
  }
  if (closest.distance === 0) return reached(closest.strength);
  return { strength: closest.strength, missed: first < 0 ? 'below' : 'above' };

  function bisect(weak: number, strong: number): number {
    for (let iteration = 0; iteration < 60; iteration++) {
      const middle = between(weak, strong, 0.5);
      if (Math.sign(excess(middle)) === Math.sign(first)) weak = middle;
      else strong = middle;
    }
    return between(weak, strong, 0.5);
  }
}

/**
 * Reads `constant`, `per-turn:FROM,TO,STEP`, `per-token:FROM,TO,RATE` or `target:SHARE`.
 * @param strength the strength of a `constant` schedule
 * @throws HoldfastError `E_POLICY` when the text is none of these. {@link checkSchedule} checks the range of the strengths.
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

/** Returns the number, or NaN if the text is not one. `Number` alone would read an empty text as 0. */
function readNumber(text: string): number {
  return text.trim() === '' ? Number.NaN : Number(text);
}

/**
 * Checks a schedule before a dialogue begins: its numbers must be in range, and the strengths that it can reach must be
 * in the policy's range.
 * @throws HoldfastError `E_POLICY` for an unknown kind, `E_STRENGTH` for a number out of range
 */
export function checkSchedule(policy: Policy, schedule: Schedule): void {
  const wrong = misfit(schedule);
  if (wrong !== null) throw wrong;
  for (const bound of scheduleBounds(schedule)) checkStrength(policy, bound);
}

/** Returns an error for a schedule that no policy could follow, else null. */
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
  const range = maximum === 1 ? 'from 0 to 1' : 'that is finite and not negative';
  return new HoldfastError('E_STRENGTH', `a ${kind} schedule takes a ${field} ${range}, not ${value}`, {
    field,
  });
}

/** Returns the first strength of a schedule and its limit; empty without a schedule, or if strengths follow from shares. */
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
