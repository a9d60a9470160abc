import {
  type HeadGrid,
  headMask,
  identityNotice,
  resolveTarget,
  type Strengths,
  scheduleBounds,
  scheduledStrength,
  strengthPerHead,
  type TargetContext,
  type TokenRange,
  targetName,
  tokensBefore,
  uniformStrength,
} from '../attention/index.js';
import type { ForwardPoint } from '../engine/index.js';
import type { Intervention } from '../executors/index.js';
import type { Settings } from './settings.js';
import { policyActed, type Turn } from './turn.js';
import { rangesOf } from './watch.js';

/** The interventions of one answer. */
export interface Steering {
  /** Undefined without a target: nothing is then measured. With the policy off, the target is only measured. */
  interventionAt(point: ForwardPoint): Intervention | undefined;
  /** The policy's strength in the latest pass; null for `off`, and for `sustain`, which has one per head. */
  readonly strength: number | null;
  /** Whether `sustain` only measures its strengths in this answer. */
  readonly measuring: boolean;
  /** A notice such as `k = 1 changes nothing` if no strength of this answer changes anything; else null. */
  readonly notice: string | null;
}

interface SteeringContext {
  readonly settings: Settings;
  readonly grid: HeadGrid;
  /** Null if the dialogue does not have it. */
  readonly target: readonly TokenRange[] | null;
  /** The turn being answered, from 1. */
  readonly turn: number;
  /** Each head's mean share in the answer that `sustain` measured, `[layers × heads]`; null before that answer. */
  readonly held: Float32Array | null;
  /** Each head's mean share before the policy in the previous answer, for a schedule that follows shares. */
  readonly previous: Float32Array | null;
}

/** The fields of an earlier turn that steering needs. */
export type PastTurn = Pick<Turn, 'system' | 'settings' | 'shares' | 'receipt'>;

/** The turn to steer: its settings, its prompt and the turns before it. */
export interface SteeredTurn {
  readonly settings: Settings;
  readonly grid: HeadGrid;
  readonly prompt: TargetContext;
  /** The turn being answered, from 1. */
  readonly turn: number;
  readonly system: string | null;
  /** The turns before it. */
  readonly turns: readonly PastTurn[];
}

/**
 * Returns the interventions of an answer.
 * @throws HoldfastError `E_TARGET` when a policy acts on a target that the dialogue does not have
 */
export function steer({ settings, grid, prompt, turn, system, turns }: SteeredTurn): Steering {
  // Shares of turns with another target or system prompt are not comparable.
  const comparable = turns.filter(
    (then) => then.system === system && targetName(then.settings.target) === targetName(settings.target),
  );
  const before = (of: PastTurn | undefined): Float32Array | null => of?.shares?.heads.before ?? null;
  return createSteering({
    settings,
    grid,
    target: targetRanges(settings, prompt),
    turn,
    held: before(comparable.find((turn) => turn.shares !== null && !policyActed(turn))),
    previous: before(comparable.at(-1)),
  });
}

/** Returns the target's tokens. A target that is only measured may be absent; one that a policy acts on may not. */
function targetRanges({ policy, target }: Settings, prompt: TargetContext): readonly TokenRange[] | null {
  return policy === 'off' ? rangesOf(target, prompt) : resolveTarget(target, prompt);
}

function createSteering(context: SteeringContext): Steering {
  const { target, settings, held, grid } = context;
  const { policy, schedule, selection } = settings;
  if (target === null) return { ...idle(false), interventionAt: () => undefined };
  if (policy === 'sustain' && held !== null) {
    const share = (layer: number, head: number): number => clamp(held[layer * grid.heads + head]!);
    const intervention = { target, ...strengthPerHead(policy, share, grid, selection) };
    return {
      interventionAt: () => intervention,
      strength: null,
      measuring: false,
      // Outside a sliding window, all measured shares are 0.
      notice: identityNotice(policy, Array.from(intervention.strength)),
    };
  }
  if (schedule === null) {
    const measured = { target, ...uniformStrength('off', 1, grid) };
    return { ...idle(policy === 'sustain'), interventionAt: () => measured };
  }

  const mask = headMask(selection, grid);
  let latest: { readonly strength: number; readonly strengths: Strengths } | null = null;
  return {
    interventionAt({ end, shares = context.previous }) {
      const strength = scheduledStrength(policy, schedule, {
        turn: context.turn,
        tokens: end,
        targetTokens: tokensBefore(target, end),
        ...(shares ? { shares: selected(shares, mask) } : {}),
      });
      if (latest?.strength !== strength) {
        latest = { strength, strengths: uniformStrength(policy, strength, grid, selection) };
      }
      return { target, ...latest.strengths };
    },
    get strength() {
      return latest?.strength ?? null;
    },
    measuring: false,
    notice: identityNotice(policy, scheduleBounds(schedule)),
  };
}

/** The fields of an answer in which no policy acts. */
const idle = (measuring: boolean) => ({ strength: null, measuring, notice: null });

/** Returns the shares of the heads that the policy acts on. The others do not depend on its strength. */
function selected(shares: Float32Array, mask: Uint8Array): Float32Array {
  return shares.filter((_, pair) => mask[pair] === 1);
}

/** Brings a share back into 0…1 that rounding moved out of it. */
const clamp = (share: number): number => Math.min(1, Math.max(0, share));
