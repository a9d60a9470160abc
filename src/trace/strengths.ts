import {
  type HeadGrid,
  POLICY_RULES,
  type Policy,
  type Strengths,
  strengthPerHead,
  uniformStrength,
} from '../attention/index.js';
import { HoldfastError } from '../errors.js';

/** A policy and its strength, as set by a caller. */
export interface PolicySetting {
  readonly name: Policy;
  /** One number for all heads, or `[layers][heads]`. */
  readonly strength: number | readonly (readonly number[])[];
}

/**
 * Returns a setting in the form an executor takes; without a setting, the policy `off`.
 * @throws HoldfastError `E_STRENGTH`, naming layer and head if strengths are given per head
 */
export function strengthsOf(setting: PolicySetting | null, grid: HeadGrid): Strengths {
  if (setting === null) return uniformStrength('off', POLICY_RULES.off.identity, grid);
  const { name, strength } = setting;
  if (typeof strength === 'number') return uniformStrength(name, strength, grid);
  checkGrid(strength, grid);
  return strengthPerHead(name, (layer, head) => strength[layer]![head]!, grid);
}

/** Checks that there is a row for every layer and a number for every head. The policy checks their range. */
function checkGrid(strengths: readonly (readonly number[])[], grid: HeadGrid): void {
  if (strengths.length !== grid.layers) {
    throw new HoldfastError(
      'E_STRENGTH',
      `strengths for ${strengths.length} layers, but the model has ${grid.layers}`,
    );
  }
  for (const [layer, row] of strengths.entries()) {
    if (row.length === grid.heads) continue;
    throw new HoldfastError(
      'E_STRENGTH',
      `layer ${layer} has strengths for ${row.length} heads, but the model has ${grid.heads}`,
    );
  }
}
