import {
  type HeadGrid,
  headMask,
  resolveTarget,
  type Strengths,
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

/** What is done to the target's share while one answer is made. */
export interface Steering {
  /** Undefined without a target: nothing is measured then. With the policy off, the target is measured only. */
  interventionAt(point: ForwardPoint): Intervention | undefined;
  /** The policy's strength in the pass asked for last; null for `off`, and for `sustain`, where each head has its own. */
  readonly strength: number | null;
}

interface SteeringContext {
  readonly settings: Settings;
  readonly grid: HeadGrid;
  /** Null when the dialogue has none. */
  readonly target: readonly TokenRange[] | null;
  /** The turn being answered, from 1. */
  readonly turn: number;
  /** Each head's mean share in the answer whose shares `sustain` keeps, `[layers × heads]`; null while there is none yet. */
  readonly held: Float32Array | null;
  /** Each head's mean share before the policy in the answer before, for a schedule that follows shares. */
  readonly previous: Float32Array | null;
}

/** What steering looks back to in a turn that was answered. */
export type PastTurn = Pick<Turn, 'system' | 'settings' | 'shares' | 'receipt'>;

/** What one answer is made under. */
export interface SteeredTurn {
  readonly settings: Settings;
  readonly grid: HeadGrid;
  readonly prompt: TargetContext;
  /** The turn being answered, from 1. */
  readonly turn: number;
  readonly system: string | null;
  /** Those answered before. */
  readonly turns: readonly PastTurn[];
}

/** @throws HoldfastError `E_TARGET` when a policy is to act on a target that the dialogue does not have */
export function steer({ settings, grid, prompt, turn, system, turns }: SteeredTurn): Steering {
  // A turn under another target or system prompt says nothing about the shares of this one.
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

/** A target that is only measured may be absent; one that a policy is to act on may not. */
function targetRanges({ policy, target }: Settings, prompt: TargetContext): readonly TokenRange[] | null {
  return policy === 'off' ? rangesOf(target, prompt) : resolveTarget(target, prompt);
}

function createSteering(context: SteeringContext): Steering {
  const { target, settings, held, grid } = context;
  const { policy, schedule, selection } = settings;
  if (target === null) return { interventionAt: () => undefined, strength: null };
  if (policy === 'sustain' && held !== null) {
    const share = (layer: number, head: number): number => clamp(held[layer * grid.heads + head]!);
    const intervention = { target, ...strengthPerHead(policy, share, grid, selection) };
    return { interventionAt: () => intervention, strength: null };
  }
  if (schedule === null) {
    const measured = { target, ...uniformStrength('off', 1, grid) };
    return { interventionAt: () => measured, strength: null };
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
  };
}

/** Shares of the heads that the policy acts on: the others' do not follow its strength. */
function selected(shares: Float32Array, mask: Uint8Array): Float32Array {
  return shares.filter((_, pair) => mask[pair] === 1);
}

/** A share whose rounding left 0…1. */
const clamp = (share: number): number => Math.min(1, Math.max(0, share));
