import { describe, expect, it } from 'vitest';
import { FAMILIES } from './families.js';
import { family, GGUF_LAYER_NAMES, LLAMA_LAYER_NAMES } from './family.js';

const stated = {
  name: 'testfam',
  modelTypes: ['testfam'],
  classes: ['TestfamForCausalLM'],
  ggufArchitecture: null,
  configDefaults: {},
};

/** Weights with the same name in a table. */
function stacksOf(names: Readonly<Record<string, string>>): string[] {
  const weights = Object.keys(names);
  const stacks = new Set(
    weights.map((weight) => weights.filter((other) => names[other] === names[weight]).join(' + ')),
  );
  return [...stacks].filter((stack) => stack.includes(' + '));
}

describe('the tensor names of a family', () => {
  it('may not be the same for two norms', () => {
    const layerNames = {
      ...LLAMA_LAYER_NAMES,
      postAttentionNorm: 'post_attention_layernorm.weight',
      postMlpNorm: 'post_feedforward_layernorm.weight',
    };
    expect(() => family({ ...stated, layerNames })).toThrow(
      'layerNames of testfam gives postAttentionNorm and mlpNorm one name, post_attention_layernorm.weight',
    );
    const ggufLayerNames = { ...GGUF_LAYER_NAMES, mlpNorm: 'post_attention_norm.weight' };
    expect(() => family({ ...stated, ggufLayerNames })).toThrow('ggufLayerNames of testfam');
  });

  it('may not be the same for matrices of different inputs', () => {
    const layerNames = { ...LLAMA_LAYER_NAMES, output: LLAMA_LAYER_NAMES.query };
    expect(() => family({ ...stated, layerNames })).toThrow('gives query and output one name');
  });

  it('may be the same for matrices of one input', () => {
    const layerNames = { ...LLAMA_LAYER_NAMES, gate: 'mlp.gate_up.weight', up: 'mlp.gate_up.weight' };
    expect(family({ ...stated, layerNames }).layerNames).toBe(layerNames);
  });

  it.each(FAMILIES)('are different in $name, except for the stacks of phi3', ({ name, ...tables }) => {
    const stacks = name === 'phi3' ? ['query + key + value', 'gate + up'] : [];
    expect(stacksOf(tables.layerNames)).toEqual(stacks);
    expect(stacksOf(tables.ggufLayerNames)).toEqual(stacks);
  });
});
