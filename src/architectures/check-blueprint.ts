import { HoldfastError } from '../errors.js';
import type { Blueprint, LayerBlueprint, RopeBlueprint } from './blueprint.js';
import { LIMITS } from './limits.js';

/**
 * Makes sure that a blueprint describes something that can be run: executors trust what has passed here.
 * @param file how errors name the model
 * @throws HoldfastError `E_CONFIG` with the blueprint's field
 */
export function checkBlueprint(blueprint: Blueprint, file: string): void {
  const check = (holds: boolean, field: string, what: string): void => {
    if (!holds)
      throw new HoldfastError('E_CONFIG', `the model's configuration is impossible: ${what}`, {
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
    const { scaling } = rope;
    if (scaling === null) return;
    if (scaling.type === 'divisors') {
      check(
        scaling.divisors.length === headDim / 2,
        `${field}.scaling.divisors`,
        `expected ${headDim / 2} divisors, found ${scaling.divisors.length}`,
      );
      for (const [index, divisor] of scaling.divisors.entries()) {
        checkPositive(divisor, `${field}.scaling.divisors.${index}`);
      }
      return;
    }
    checkPositive(scaling.factor, `${field}.scaling.factor`);
    if (scaling.type === 'linear') return;
    checkPositive(scaling.originalContextLength, `${field}.scaling.originalContextLength`);
    if (scaling.type === 'llama3') {
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
    check(headDim % 2 === 0, `${field}.headDim`, `rotary pairs need an even head dim, found ${headDim}`);
    checkPositive(attention.scale, `${field}.scale`);
    if (attention.window !== null) checkCount(attention.window, LIMITS.contextLength, `${field}.window`);
    checkRope(attention.rope, headDim, `${field}.rope`);
    checkCount(mlp.size, LIMITS.mlpSize, `${field}.mlp.size`);
  };

  checkCount(blueprint.vocabSize, LIMITS.vocabSize, 'vocabSize');
  checkCount(blueprint.hiddenSize, LIMITS.hiddenSize, 'hiddenSize');
  checkCount(blueprint.contextLength, LIMITS.contextLength, 'contextLength');
  checkCount(blueprint.layers.length, LIMITS.layers, 'layers');
  checkPositive(blueprint.normEpsilon, 'normEpsilon');
  checkPositive(blueprint.embeddingScale, 'embeddingScale');
  for (const [index, layer] of blueprint.layers.entries()) checkLayer(layer, `layers.${index}`);
}
