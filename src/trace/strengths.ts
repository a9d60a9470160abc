import {
  type HeadGrid,
  POLICY_RULES,
  type Policy,
  type Strengths,
  strengthPerHead,
  uniformStrength,
} from '../attention/index.js';
import { HoldfastError } from '../errors.js';

/** A policy as a caller sets it. */
export interface PolicySetting {
  readonly name: Policy;
  /** One for all heads, or `[layers][heads]`. */
  readonly strength: number | readonly (readonly number[])[];
}

/**
 * A setting as an executor takes it; no setting is the policy that changes nothing.
 * @throws HoldfastError `E_STRENGTH`, naming layer and head where there is one of each
 */
export function strengthsOf(setting: PolicySetting | null, grid: HeadGrid): Strengths {
  if (setting === null) return uniformStrength('off', POLICY_RULES.off.identity, grid);
  const { name, strength } = setting;
  if (typeof strength === 'number') return uniformStrength(name, strength, grid);
  checkGrid(strength, grid);
  return strengthPerHead(name, (layer, head) => strength[layer]![head]!, grid);
}

/** A row for every layer, a number for every head; their range is the policy's to judge. */
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
