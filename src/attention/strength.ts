import { HoldfastError } from '../errors.js';
import { checkStrength, POLICY_RULES, type Policy, type RowPolicy } from './policy.js';

/** Strengths as an executor takes them: a row policy and one number per layer and head. */
export interface Strengths {
  readonly policy: RowPolicy;
  /** `[layers, heads]`. */
  readonly strength: Float32Array;
}

/** Layers and heads a policy acts on, at least one of each; absent means all. The others keep the strength that changes nothing. */
export interface HeadSelection {
  readonly layers?: readonly number[];
  readonly heads?: readonly number[];
}

/** Size of a model's grid of heads. */
export interface HeadGrid {
  readonly layers: number;
  readonly heads: number;
}

/**
 * One strength on the selected layers and heads.
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
  const layers = checkIndices('layer', selection.layers, grid.layers);
  const heads = checkIndices('head', selection.heads, grid.heads);
  const rule = POLICY_RULES[policy];
  const strength = new Float32Array(grid.layers * grid.heads).fill(POLICY_RULES[rule.row].identity);
  for (const layer of layers) {
    for (const head of heads) {
      const value = strengthOf(layer, head);
      checkStrength(policy, value, { layer, head });
      strength[layer * grid.heads + head] = rule.rowStrength(value);
    }
  }
  return { policy: rule.row, strength };
}

function checkIndices(
  kind: 'layer' | 'head',
  chosen: readonly number[] | undefined,
  count: number,
): readonly number[] {
  if (chosen === undefined) return Array.from({ length: count }, (_, index) => index);
  if (chosen.length === 0) {
    throw new HoldfastError('E_STRENGTH', `no ${kind} is selected`, {
      field: `${kind}s`,
      hint: `Name at least one, or leave ${kind}s out for all of them`,
    });
  }
  for (const index of chosen) {
    if (!Number.isInteger(index) || index < 0 || index >= count) {
      throw new HoldfastError(
        'E_STRENGTH',
        `${kind} ${index} does not exist: the model has ${count} ${kind}s`,
      );
    }
  }
  return chosen;
}
