import {
  checkStrength,
  hasActed,
  headMask,
  headsInMeans,
  identityNotice,
  type MeanHeads,
  type Policy,
  resolveTarget,
  type ScheduledStrength,
  type SightedGrid,
  type Strengths,
  scheduleBounds,
  scheduledStrength,
  seesTarget,
  strengthPerHead,
  strengthProblem,
  type TargetContext,
  type TokenRange,
  targetName,
  tokensBefore,
  uniformStrength,
} from '../attention/index.js';
import type { ForwardPoint } from '../engine/index.js';
import { HoldfastError } from '../errors.js';
import type { Intervention } from '../executors/index.js';
import { createReachMeter } from './reach.js';
import type { Settings } from './settings.js';
import type { HeadShares } from './shares.js';
import { type AnswerRows, standstill, waitingNotice } from './standstill.js';
import type { Turn } from './turn.js';
import { rangesOf } from './watch.js';

/** The interventions of one answer. */
export interface Steering {
  /** Undefined without a target: nothing is then measured. With the policy off, the target is only measured. */
  interventionAt(point: ForwardPoint): Intervention | undefined;
  /** The policy's strength in the latest pass; null for `off`, and for `sustain`, which has one per head. */
  readonly strength: number | null;
  /** Whether the strength is set from outside while the answer is generated. */
  readonly live: boolean;
  /** Whether `sustain` only measures its strengths in this answer. */
  readonly measuring: boolean;
  /** Reports the target's shares in a row that chose a token. */
  measured(row: number, shares: HeadShares): void;
  /** Why the policy does not do in this answer what it was asked to; null if it does. See `Turn.notice`. */
  readonly notice: string | null;
}

interface SteeringContext {
  readonly settings: Settings;
  readonly grid: SightedGrid;
  readonly target: readonly TokenRange[];
  /** The turn being answered, from 1. */
  readonly turn: number;
  /** Each head's mean share in the answer that `sustain` measured, `[layers × heads]`; null before that answer. */
  readonly held: Float32Array | null;
  /** Each head's mean share before the policy in the previous answer, for a schedule that follows shares. */
  readonly previous: Float32Array | null;
  readonly live: LiveStrength | null;
}

/** Returns the strength for the token after `sampled` tokens of the answer. */
type LiveStrength = (sampled: number) => number;

/** The fields of an earlier turn that steering needs. */
export type PastTurn = Pick<Turn, 'system' | 'settings' | 'shares' | 'receipt'>;

/** The turn to steer: its settings, its prompt and the turns before it. */
export interface SteeredTurn {
  readonly settings: Settings;
  readonly grid: SightedGrid;
  readonly prompt: TargetContext;
  readonly rows: AnswerRows;
  /** The turn being answered, from 1. */
  readonly turn: number;
  readonly system: string | null;
  /** The turns before it. */
  readonly turns: readonly PastTurn[];
  /** See `AnswerOptions.strength`; default: null, the schedule gives the strength. */
  readonly live?: LiveStrength | null;
}

/**
 * Returns the interventions of an answer. A policy waits if the dialogue does not have its target yet. It is off if no row
 * that is computed for the answer sees both the target and a token outside it. In both cases `notice` says why.
 * @throws HoldfastError `E_TARGET` when a policy acts on a target that the dialogue never has; `E_STRENGTH` for a strength
 * from outside under a policy that takes none
 */
export function steer({ settings, grid, prompt, rows, turn, system, turns, live }: SteeredTurn): Steering {
  const { policy } = settings;
  const problem = live ? strengthProblem(policy, true) : null;
  if (problem !== null) throw new HoldfastError('E_STRENGTH', problem);
  const waits = policy === 'off' ? null : waitingNotice(settings, prompt, rows);
  const target =
    policy === 'off' || waits !== null
      ? rangesOf(settings.target, prompt)
      : resolveTarget(settings.target, prompt);
  if (target === null) return { ...idle(false, waits), interventionAt: () => undefined };
  const still = policy === 'off' || waits !== null ? null : standstill(settings, grid, target, rows);
  if (waits !== null || still?.acts === false)
    return onlyMeasured(grid, target, false, waits ?? still!.notice);
  // Shares of turns with another target or system prompt are not comparable.
  const comparable = turns.filter(
    (then) => then.system === system && targetName(then.settings.target) === targetName(settings.target),
  );
  const before = (of: PastTurn | undefined): Float32Array | null => of?.shares?.heads.before ?? null;
  const steering = createSteering({
    settings,
    grid,
    target,
    turn,
    held: before(
      comparable.find(({ shares, receipt }) => shares?.mean && !(receipt !== null && hasActed(receipt))),
    ),
    previous: before(comparable.at(-1)),
    live: live ?? null,
  });
  return still === null ? steering : withNotice(steering, still.notice);
}

function createSteering(context: SteeringContext): Steering {
  const { target, settings, held, grid, live } = context;
  const { policy, schedule, selection } = settings;
  if (policy === 'sustain' && held !== null) {
    const share = (layer: number, head: number): number => clamp(held[layer * grid.heads + head]!);
    const intervention = { target, ...strengthPerHead(policy, share, grid, selection) };
    return {
      ...idle(false, identityNotice(policy, Array.from(intervention.strength))),
      interventionAt: () => intervention,
    };
  }
  if (schedule === null) return onlyMeasured(grid, target, policy === 'sustain', null);

  const heads = headsInMeans(grid, headMask(selection, grid));
  const reach = createReachMeter(settings, grid, target);
  const reading = live === null ? null : readLive(policy, live);
  let latest: { readonly scheduled: ScheduledStrength; readonly strengths: Strengths } | null = null;
  return {
    interventionAt({ end, sampled, shares = context.previous }) {
      const scheduled =
        reading?.at(sampled) ??
        scheduledStrength(policy, schedule, {
          turn: context.turn,
          tokens: end,
          targetTokens: tokensBefore(target, end),
          ...followed(heads, shares, end - 1, target),
        });
      const same = latest?.scheduled.strength === scheduled.strength ? latest.strengths : null;
      const strengths = same ?? uniformStrength(policy, scheduled.strength, grid, selection);
      latest = { scheduled, strengths };
      return { target, ...strengths };
    },
    get strength() {
      return latest?.scheduled.strength ?? null;
    },
    live: live !== null,
    measuring: false,
    measured(row, shares) {
      if (latest !== null) reach.add(row, latest.scheduled, shares);
    },
    get notice() {
      return identityNotice(policy, reading?.strengths ?? scheduleBounds(schedule)) ?? reach.notice;
    },
  };
}

/** Reads strengths from outside, one for each token, and remembers them. */
function readLive(policy: Policy, live: LiveStrength) {
  const strengths: number[] = [];
  return {
    strengths,
    at(sampled: number): ScheduledStrength {
      if (sampled >= strengths.length) {
        const strength = live(sampled);
        checkStrength(policy, strength);
        strengths.push(strength);
      }
      return { strength: strengths[sampled]!, missed: null };
    },
  };
}

/** The fields of an answer in which no schedule acts. */
const idle = (measuring: boolean, notice: string | null) => ({
  strength: null,
  live: false,
  measuring,
  notice,
  measured() {},
});

/** Returns steering that measures the target's shares and changes nothing. */
function onlyMeasured(
  grid: SightedGrid,
  target: readonly TokenRange[],
  measuring: boolean,
  notice: string | null,
): Steering {
  const measured = { target, ...uniformStrength('off', 1, grid) };
  return { ...idle(measuring, notice), interventionAt: () => measured };
}

/** Returns the same steering with a notice that comes first. */
function withNotice(steering: Steering, notice: string): Steering {
  return {
    interventionAt: (point) => steering.interventionAt(point),
    get strength() {
      return steering.strength;
    },
    live: steering.live,
    measuring: steering.measuring,
    measured: () => {},
    notice,
  };
}

/** Returns the shares that a schedule follows: none if the heads of its mean do not see the target. */
function followed(
  { pairs, window }: MeanHeads,
  shares: Float32Array | null,
  row: number,
  target: readonly TokenRange[],
): { readonly shares?: Float32Array } {
  if (shares === null || !seesTarget(window, row, target)) return {};
  const chosen = Float32Array.from(pairs, (pair) => shares[pair]!);
  return chosen.some(Number.isNaN) ? {} : { shares: chosen };
}

/** Brings a share back into 0…1 that rounding moved out of it. A head that did not see the target has none: 0. */
const clamp = (share: number): number => (Number.isNaN(share) ? 0 : Math.min(1, Math.max(0, share)));
