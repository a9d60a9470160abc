import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HeadSelection } from './heads.js';
import { POLICIES, POLICY_RULES } from './policy.js';
import { strengthPerHead, uniformStrength } from './strength.js';

const grid = { layers: 3, heads: 4 };
const cell = (layer: number, head: number): number => layer * grid.heads + head;
const eStrength = (message: string) =>
  expect.objectContaining({ code: 'E_STRENGTH', message: `E_STRENGTH: ${message}` });

describe('uniformStrength', () => {
  it('gives all heads of all layers the strength by default', () => {
    expect(uniformStrength('split-softmax', 0.5, grid)).toEqual({
      policy: 'split-softmax',
      strength: new Float32Array(12).fill(0.5),
    });
  });

  it('gives the selected layers and heads the strength, and the others the identity', () => {
    const subset = (count: number) =>
      fc.subarray(
        Array.from({ length: count }, (_, i) => i),
        { minLength: 1 },
      );
    fc.assert(
      fc.property(
        fc.constantFrom(...POLICIES),
        subset(grid.layers),
        subset(grid.heads),
        (policy, layers, heads) => {
          const rule = POLICY_RULES[policy];
          const given = 0.5 * rule.minimum + 0.5 * Math.min(rule.maximum, 4);
          const { policy: same, strength } = uniformStrength(policy, given, grid, { layers, heads });
          expect(same).toBe(policy);
          for (let layer = 0; layer < grid.layers; layer++) {
            for (let head = 0; head < grid.heads; head++) {
              const named = layers.includes(layer) && heads.includes(head);
              const expected = named ? given : rule.identity;
              expect(strength[cell(layer, head)]).toBe(Math.fround(expected));
            }
          }
        },
      ),
    );
  });

  it('applies heads without layers in every layer, and layers without heads to all of their heads', () => {
    const heads = uniformStrength('boost', 2, grid, { heads: [1] }).strength;
    expect([...heads]).toEqual([1, 2, 1, 1, 1, 2, 1, 1, 1, 2, 1, 1]);
    const layers = uniformStrength('floor', 0.5, grid, { layers: [2] }).strength;
    expect([...layers]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0.5, 0.5, 0.5, 0.5]);
  });

  it('takes single heads, each once however often it is given', () => {
    const pairs = [
      [2, 0],
      [0, 3],
      [2, 0],
    ] as const;
    const { strength } = uniformStrength('boost', 2, grid, { pairs });
    expect([...strength]).toEqual([1, 1, 1, 2, 1, 1, 1, 1, 2, 1, 1, 1]);
  });

  it('refuses pairs combined with layers or heads, pairs that do not exist, and an empty list', () => {
    for (const [selection, message] of [
      [
        { pairs: [[0, 0]], layers: [0] },
        'pairs cannot be combined with layers or heads (field pairs). Give either pairs, or layers and heads',
      ],
      [
        { pairs: [[0, 0]], heads: [0] },
        'pairs cannot be combined with layers or heads (field pairs). Give either pairs, or layers and heads',
      ],
      [{ pairs: [[3, 0]] }, 'layer 3 does not exist: the model has 3 layers (field pairs)'],
      [{ pairs: [[0, 4]] }, 'head 4 does not exist: the model has 4 heads (field pairs)'],
      [
        { pairs: [] },
        'no head is selected (field pairs). Name at least one, or leave out pairs to select all',
      ],
    ] as const) {
      expect(() => uniformStrength('boost', 2, grid, selection as HeadSelection)).toThrow(eStrength(message));
    }
  });

  it.each(POLICIES)('takes the weakest and the strongest of %s', (policy) => {
    const { minimum, maximum } = POLICY_RULES[policy];
    for (const strength of [minimum, maximum]) {
      expect(uniformStrength(policy, strength, grid).strength[0]).toBe(Math.fround(strength));
    }
  });

  it('refuses strengths out of range and names policy and symbol', () => {
    for (const [policy, strength, message] of [
      ['split-softmax', 1.5, 'split-softmax takes k from 0 to 1, not 1.5'],
      ['split-softmax', -0.1, 'split-softmax takes k from 0 to 1, not -0.1'],
      ['boost', 0.5, 'boost takes M from 1 to 1000000, not 0.5'],
      ['pasta', 0, 'pasta takes α from 0.000001 to 1, not 0'],
      ['floor', Number.NaN, 'floor takes ψ from 0 to 1, not NaN'],
      ['sustain', 2, 'sustain takes π₁ from 0 to 1, not 2'],
      ['cap', -1, 'cap takes κ from 0 to 1, not -1'],
    ] as const) {
      expect(() => uniformStrength(policy, strength, grid)).toThrow(eStrength(message));
    }
  });

  it('refuses layers and heads that the model does not have, and says how many it has', () => {
    for (const layer of [3, -1, 0.5, Number.NaN]) {
      expect(() => uniformStrength('boost', 2, grid, { layers: [0, layer] })).toThrow(
        eStrength(`layer ${layer} does not exist: the model has 3 layers (field layers)`),
      );
    }
    expect(() => uniformStrength('boost', 2, grid, { heads: [4] })).toThrow(
      eStrength('head 4 does not exist: the model has 4 heads (field heads)'),
    );
  });

  it('refuses an empty selection, which would silently do nothing', () => {
    for (const [selection, field] of [
      [{ layers: [] }, 'layers'],
      [{ heads: [], layers: [1] }, 'heads'],
    ] as const) {
      expect(() => uniformStrength('boost', 2, grid, selection)).toThrow(
        expect.objectContaining({ code: 'E_STRENGTH', field }),
      );
    }
  });
});

describe('strengthPerHead', () => {
  it('asks for each selected head once and for no other', () => {
    const asked: string[] = [];
    const { strength } = strengthPerHead(
      'floor',
      (layer, head) => {
        asked.push(`${layer}.${head}`);
        return (layer * 4 + head) / 16;
      },
      grid,
      { layers: [0, 2], heads: [1, 3] },
    );
    expect(asked).toEqual(['0.1', '0.3', '2.1', '2.3']);
    expect([...strength]).toEqual([0, 1, 0, 3, 0, 0, 0, 0, 0, 9, 0, 11].map((value) => value / 16));
  });

  it('refuses one invalid strength among valid ones, and names its head', () => {
    const strengthOf = (layer: number, head: number): number => (layer === 2 && head === 1 ? 1.01 : 0.5);
    expect(() => strengthPerHead('split-softmax', strengthOf, grid)).toThrow(
      eStrength('layer 2, head 1: split-softmax takes k from 0 to 1, not 1.01'),
    );
  });
});
