import { afterEach, describe, expect, it, vi } from 'vitest';
import type { WeightName } from '../../src/architectures/index.js';
import { Backend } from '../../src/executors/ggml/backend.js';
import { compareWithProcessor } from '../../src/executors/ggml/compare-devices.js';
import { GraphBuilder } from '../../src/executors/ggml/graph-builder.js';
import { type ProbeModel, probeModelOf } from '../../src/executors/ggml/probe-model.js';
import type { Value } from '../../src/executors/ggml/tensor.js';
import type { Precision } from '../../src/executors/index.js';
import { FAMILIES } from '../support/families.js';
import { mixedModel } from '../support/mixed-model.js';
import { openFamily } from './fixtures.js';

afterEach(() => {
  vi.restoreAllMocks();
});

async function probeModel(name: (typeof FAMILIES)[number], precision: Precision): Promise<ProbeModel> {
  const { plan, files } = await openFamily(name);
  return probeModelOf(plan, files.checkpoint, precision);
}

/** Multiplies the results of an operation by a factor on the second backend that is opened: the one that is tried. */
function falsify(operation: 'product' | 'softmax' | 'rope', factor: number): void {
  let opened = 0;
  const open = Backend.open.bind(Backend);
  vi.spyOn(Backend, 'open').mockImplementation((...args) => {
    opened += 1;
    return open(...args);
  });
  const original = GraphBuilder.prototype[operation] as (...args: unknown[]) => Value;
  vi.spyOn(GraphBuilder.prototype, operation).mockImplementation(function (
    this: GraphBuilder,
    ...args: unknown[]
  ) {
    const value = original.apply(this, args);
    return opened === 2 ? this.scale(value, factor) : value;
  } as never);
}

describe('a small model of the same kind', () => {
  it.each(FAMILIES)('of %s has the same results on the processor', async (family) => {
    for (const precision of ['f32', 'auto'] as const) {
      await compareWithProcessor('cpu', await probeModel(family, precision));
    }
  });

  it('has one layer of each kind, and no large vocabulary', async () => {
    const { plan, files } = await openFamily('gemma2');
    const [first, second] = plan.blueprint.layers;
    const tall = { ...plan.blueprint, vocabSize: 1000, layers: [first!, second!, first!, first!, second!] };
    const weights = new Map(plan.weights);
    for (const layer of [2, 3, 4]) {
      for (const [name, ref] of plan.weights) {
        const like = `layers.${layer === 4 ? 1 : 0}.`;
        if (name.startsWith(like)) {
          weights.set(name.replace(like, `layers.${layer}.`) as WeightName, ref);
        }
      }
    }
    const { blueprint } = probeModelOf({ ...plan, blueprint: tall, weights }, files.checkpoint, 'auto');
    expect(blueprint.layers).toEqual([first, second]);
    expect(blueprint.vocabSize).toBe(64);
  });

  it('has the types of the weights', async () => {
    const { plan, checkpoint } = await mixedModel({
      ...{ q: 'Q4_1', k: 'Q8_0', v: 'BF16', o: 'Q6_K' },
      ...{ gate: 'Q4_K', up: 'IQ4_NL', down: 'MXFP4' },
    });
    const { blueprint, types } = probeModelOf(plan, checkpoint, 'auto');
    const stored = [...plan.weights.values()].map(({ tensor }) => checkpoint.tensors.get(tensor)!.type);
    expect(new Set(types.values())).toEqual(new Set(stored));
    await compareWithProcessor('cpu', { blueprint, types, precision: 'auto' });
  });

  it.each([
    ['product', 'f32', 1.01],
    ['softmax', 'f32', 1.001],
    ['softmax', 'auto', 1.2],
    ['rope', 'auto', 1.5],
  ] as const)('notices a wrong %s at %s', async (operation, precision, factor) => {
    const model = await probeModel('llama', precision);
    falsify(operation, factor);
    await expect(compareWithProcessor('cpu', model)).rejects.toThrow(
      /^E_EXECUTOR: \w+ computes wrongly at precision \w+: (?:logits|shares) of a small model differ .*--executor cpu/,
    );
  });
});
