import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Policy } from '../../src/attention/index.js';
import type { Executor, ForwardResult, Intervention } from '../../src/executors/index.js';
import { type LoadedModel, loadModel } from '../../src/load.js';
import { argmax, expectClose, shapeName, spread } from '../conformance/compare.js';
import { goldenTensors, hasRealModel, realExpected, realModel } from '../conformance/fixtures.js';

/** A travel dialogue with golden runs of the dequantised model in transformers; see the README of the fixtures. */
interface RealGolden {
  readonly ids: readonly number[];
  readonly system_end: number;
  readonly logits_at: readonly number[];
  readonly results: Readonly<Record<string, { readonly greedy?: readonly number[] }>>;
}

const POLICIES: Readonly<Record<string, readonly [Policy, number]>> = {
  off: ['off', 1],
  'split0.7': ['split-softmax', 0.7],
  'split0.5': ['split-softmax', 0.5],
  boost3: ['boost', 3],
  'floor0.2': ['floor', 0.2],
};

const LAYERS = 30;
const HEADS = 9;

describe.skipIf(!hasRealModel)('SmolLM2-135M-Instruct, a real model outside the repository', () => {
  let golden: RealGolden;
  let tensor: (name: string) => Promise<Float32Array>;
  let exact: LoadedModel;

  beforeAll(async () => {
    golden = JSON.parse(readFileSync(`${realExpected}.json`, 'utf8')) as RealGolden;
    tensor = await goldenTensors(`${realExpected}.safetensors`);
    exact = await loadModel(realModel, { precision: 'f32', threads: 2 });
  });
  afterAll(() => exact?.dispose());

  const intervention = (name: string): Intervention => {
    const [policy, strength] = POLICIES[name]!;
    return {
      target: [{ start: 0, end: golden.system_end }],
      policy,
      strength: new Float32Array(LAYERS * HEADS).fill(strength),
    };
  };
  const run = async (executor: Executor, name: string): Promise<ForwardResult> => {
    const sequence = executor.open(golden.ids.length);
    const [result] = await executor.forward([
      { sequence, tokens: golden.ids, logits: 'all', intervention: intervention(name) },
    ]);
    sequence.dispose();
    return result!;
  };

  it.each(Object.keys(POLICIES))('f32 gives the golden logits and shares: %s', async (name) => {
    const result = await run(exact.executor, name);
    const vocab = exact.executor.blueprint.vocabSize;
    const last = await tensor(`${name}.logits_last`);
    const rows = await tensor(`${name}.logits_at`);
    const row = (index: number): Float32Array => result.logits.subarray(index * vocab, (index + 1) * vocab);
    expectClose(row(golden.ids.length - 1), last, 2e-3 * spread(last), 'last logits');
    for (const [i, index] of golden.logits_at.entries()) {
      const expected = rows.subarray(i * vocab, (i + 1) * vocab);
      expectClose(row(index), expected, 2e-3 * spread(expected), `logits of row ${index}`);
    }
    const nameOf = shapeName([
      ['layer', LAYERS],
      ['head', HEADS],
      ['row', golden.ids.length],
    ]);
    for (const when of ['before', 'after'] as const) {
      const expected = await tensor(`${name}.share_${when}`);
      expectClose(result.targetShares![when], expected, 1e-4, `share ${when}`, nameOf);
    }
  });

  it.each(['off', 'split0.5'])('f32 continues with the same 32 tokens: %s', async (name) => {
    const sequence = exact.executor.open(300);
    let tokens: readonly number[] = golden.ids;
    const generated: number[] = [];
    while (generated.length < 32) {
      const [result] = await exact.executor.forward([
        { sequence, tokens, logits: 'last', intervention: intervention(name) },
      ]);
      tokens = [argmax(result!.logits)];
      generated.push(tokens[0]!);
    }
    sequence.dispose();
    expect(generated).toEqual(golden.results[name]!.greedy);
  });

  it('auto stays within 0.01 nats of f32 on the dialogue', async () => {
    const auto = await loadModel(realModel, { precision: 'auto', threads: 2 });
    const vocab = auto.executor.blueprint.vocabSize;
    for (const name of ['off', 'split0.5']) {
      const expected = (await run(exact.executor, name)).logits;
      const { logits } = await run(auto.executor, name);
      let sum = 0;
      for (let at = 0; at < logits.length; at += vocab) {
        sum += klDivergence(expected.subarray(at, at + vocab), logits.subarray(at, at + vocab));
      }
      const mean = sum / golden.ids.length;
      console.log(
        `mean KL(f32 ‖ auto), ${name}: ${mean.toExponential(2)} nats over ${golden.ids.length} tokens`,
      );
      expect(mean).toBeLessThanOrEqual(0.01);
    }
    await auto.dispose();
  });
});

it.runIf(!hasRealModel)('the real model is not available: its tests are skipped', () => {
  console.log(`skipped: no model at ${realModel}`);
});

/** Returns KL(softmax(p) ‖ softmax(q)) in nats. */
function klDivergence(p: Float32Array, q: Float32Array): number {
  const [logP, logQ] = [logSoftmax(p), logSoftmax(q)];
  let sum = 0;
  for (let i = 0; i < logP.length; i++) sum += Math.exp(logP[i]!) * (logP[i]! - logQ[i]!);
  return sum;
}

function logSoftmax(logits: Float32Array): Float64Array {
  let maximum = Number.NEGATIVE_INFINITY;
  for (const logit of logits) maximum = Math.max(maximum, logit);
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit - maximum);
  const shift = maximum + Math.log(sum);
  return Float64Array.from(logits, (logit) => logit - shift);
}
