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
  checkGrid(name, strength, grid);
  return strengthPerHead(name, (layer, head) => strength[layer]![head]!, grid);
}

/** Every row there, every number in the policy's range, each complaint with its place. */
function checkGrid(policy: Policy, strengths: readonly (readonly number[])[], grid: HeadGrid): void {
  const { minimum, maximum, symbol } = POLICY_RULES[policy];
  if (strengths.length !== grid.layers) {
    throw new HoldfastError(
      'E_STRENGTH',
      `strengths for ${strengths.length} layers, but the model has ${grid.layers}`,
    );
  }
  for (const [layer, row] of strengths.entries()) {
    if (row.length !== grid.heads) {
      throw new HoldfastError(
        'E_STRENGTH',
        `layer ${layer} has strengths for ${row.length} heads, but the model has ${grid.heads}`,
      );
    }
    for (const [head, value] of row.entries()) {
      if (value >= minimum && value <= maximum) continue;
      throw new HoldfastError(
        'E_STRENGTH',
        `layer ${layer}, head ${head}: ${policy} takes ${symbol} from ${minimum} to ${maximum}, not ${value}`,
      );
    }
  }
}
