import { type HeadGrid, type HeadSelection, headMask } from './heads.js';
import { checkStrength, POLICY_RULES, type Policy } from './policy.js';

/** Strengths as an executor takes them: a policy and one number per layer and head. */
export interface Strengths {
  readonly policy: Policy;
  /** `[layers, heads]`. */
  readonly strength: Float32Array;
}

/**
 * One strength on the selected heads; the others keep the one that changes nothing.
 * @throws HoldfastError `E_STRENGTH` when the strength, a layer or a head is out of range, or a selection is empty: a
 * policy that acts nowhere is the policy off.
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
 * A strength of its own for each head.
 * @throws HoldfastError `E_STRENGTH` as {@link uniformStrength}, naming the head.
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
