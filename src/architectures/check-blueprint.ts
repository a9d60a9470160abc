import { HoldfastError } from '../errors.js';
import type { Blueprint, LayerBlueprint, RopeBlueprint } from './blueprint.js';
import { LIMITS } from './limits.js';

/**
 * Checks that a blueprint can be run. Executors trust a checked blueprint.
 * @param file path of the model, for errors
 * @throws HoldfastError `E_CONFIG` with the blueprint's field
 */
export function checkBlueprint(blueprint: Blueprint, file: string): void {
  const check = (valid: boolean, field: string, what: string): void => {
    if (!valid)
      throw new HoldfastError('E_CONFIG', `the model's configuration is invalid: ${what}`, {
        file,
        field,
      });
  };
  const checkCount = (value: number, most: number, field: string): void =>
    check(
      Number.isInteger(value) && value >= 1 && value <= most,
      field,
      `expected a whole number from 1 to ${most}, found ${value}`,
    );
  const checkPositive = (value: number, field: string): void =>
    check(Number.isFinite(value) && value > 0, field, `expected a positive number, found ${value}`);

  const checkRope = (rope: RopeBlueprint, headDim: number, field: string): void => {
    check(
      Number.isFinite(rope.base) && rope.base > 1,
      `${field}.base`,
      `expected more than 1, found ${rope.base}`,
    );
    const { scaling, rotaryDim } = rope;
    checkCount(rotaryDim, headDim, `${field}.rotaryDim`);
    check(
      rotaryDim % 2 === 0,
      `${field}.rotaryDim`,
      `expected an even number, because elements are rotated in pairs, found ${rotaryDim}`,
    );
    if (scaling === null) return;
    const checkDivisors = (divisors: readonly number[], name: string): void => {
      check(
        divisors.length === rotaryDim / 2,
        `${field}.scaling.${name}`,
        `expected ${rotaryDim / 2} divisors, found ${divisors.length}`,
      );
      for (const [index, divisor] of divisors.entries()) {
        checkPositive(divisor, `${field}.scaling.${name}.${index}`);
      }
    };
    if (scaling.type === 'divisors') {
      checkDivisors(scaling.divisors, 'divisors');
      return;
    }
    if (scaling.type === 'longrope') {
      checkDivisors(scaling.short, 'short');
      checkDivisors(scaling.long, 'long');
      checkPositive(scaling.originalContextLength, `${field}.scaling.originalContextLength`);
      checkPositive(scaling.attentionFactor, `${field}.scaling.attentionFactor`);
      return;
    }
    checkPositive(scaling.factor, `${field}.scaling.factor`);
    if (scaling.type === 'linear') return;
    checkPositive(scaling.originalContextLength, `${field}.scaling.originalContextLength`);
    if (scaling.type === 'dynamic') {
      check(rotaryDim > 2, `${field}.rotaryDim`, 'dynamic rope scaling needs more than one pair');
    } else if (scaling.type === 'llama3') {
      const { lowFrequencyFactor: low, highFrequencyFactor: high } = scaling;
      check(high > low, `${field}.scaling.highFrequencyFactor`, `expected more than ${low}, found ${high}`);
    } else {
      const { betaFast: fast, betaSlow: slow } = scaling;
      checkPositive(slow, `${field}.scaling.betaSlow`);
      check(fast >= slow, `${field}.scaling.betaFast`, `expected at least ${slow}, found ${fast}`);
      checkPositive(scaling.attentionFactor ?? 1, `${field}.scaling.attentionFactor`);
    }
  };

  const checkLayer = ({ attention, mlp }: LayerBlueprint, field: string): void => {
    const { heads, kvHeads, headDim } = attention;
    checkCount(heads, LIMITS.heads, `${field}.heads`);
    checkCount(kvHeads, LIMITS.heads, `${field}.kvHeads`);
    check(
      heads % kvHeads === 0,
      `${field}.kvHeads`,
      `${heads} heads cannot share ${kvHeads} key-value heads evenly`,
    );
    checkCount(headDim, LIMITS.headDim, `${field}.headDim`);
    checkPositive(attention.scale, `${field}.scale`);
    if (attention.window !== null) checkCount(attention.window, LIMITS.contextLength, `${field}.window`);
    if (attention.scoreCap !== null) checkPositive(attention.scoreCap, `${field}.scoreCap`);
    if (attention.rope !== null) checkRope(attention.rope, headDim, `${field}.rope`);
    checkCount(mlp.size, LIMITS.mlpSize, `${field}.mlp.size`);
  };

  checkCount(blueprint.vocabSize, LIMITS.vocabSize, 'vocabSize');
  checkCount(blueprint.hiddenSize, LIMITS.hiddenSize, 'hiddenSize');
  checkCount(blueprint.contextLength, LIMITS.contextLength, 'contextLength');
  checkCount(blueprint.layers.length, LIMITS.layers, 'layers');
  checkPositive(blueprint.normEpsilon, 'normEpsilon');
  for (const scale of ['embeddingScale', 'residualScale', 'logitScale'] as const) {
    checkPositive(blueprint[scale], scale);
  }
  if (blueprint.logitCap !== null) checkPositive(blueprint.logitCap, 'logitCap');
  for (const [index, layer] of blueprint.layers.entries()) checkLayer(layer, `layers.${index}`);
}
