import { type HeadGrid, type HeadSelection, headMask } from './heads.js';
import { checkStrength, POLICY_RULES, type Policy } from './policy.js';

/** A policy and its strength for each layer and head, as an executor takes them. */
export interface Strengths {
  readonly policy: Policy;
  /** `[layers, heads]`. */
  readonly strength: Float32Array;
}

/**
 * Returns the same strength for all selected heads, and the identity for the others.
 * @throws HoldfastError `E_STRENGTH` when the strength, a layer or a head is out of range, or when the selection is empty:
 * a policy that acts nowhere is the policy `off`
 */
export function uniformStrength(
  policy: Policy,
  strength: number,
  grid: HeadGrid,
  selection: HeadSelection = {},
): Strengths {
  checkStrength(policy, strength);
  return strengthPerHead(policy, () => strength, grid, selection);
}

/**
 * Returns a separate strength for each selected head, and the identity for the others.
 * @throws HoldfastError `E_STRENGTH` as {@link uniformStrength}; the message names the head
 */
export function strengthPerHead(
  policy: Policy,
  strengthOf: (layer: number, head: number) => number,
  grid: HeadGrid,
  selection: HeadSelection = {},
): Strengths {
  const selected = headMask(selection, grid);
  const strength = new Float32Array(grid.layers * grid.heads).fill(POLICY_RULES[policy].identity);
  for (const [pair, isSelected] of selected.entries()) {
    if (isSelected === 0) continue;
    const [layer, head] = [Math.floor(pair / grid.heads), pair % grid.heads];
    const value = strengthOf(layer, head);
    checkStrength(policy, value, { layer, head });
    strength[pair] = value;
  }
  return { policy, strength };
}
