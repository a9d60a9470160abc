import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { Graph } from '../../src/executors/onnx/graph.js';
import { Activation, applyLinear } from '../../src/executors/onnx/linear.js';
import { blockValues, type IntegerBlocks } from '../../src/formats/index.js';

const INPUTS = 256;
const OUTPUTS = 48;

/** Deterministic noise, uniform on [−0.5, 0.5). */
function noise(count: number, seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32 - 0.5;
  });
}

function randomBlocks(bits: 4 | 8, blockSize: 16 | 32, withOffsets: boolean): IntegerBlocks {
  const range = bits === 4 ? 16 : 256;
  const blocks = (INPUTS * OUTPUTS) / blockSize;
  return {
    bits,
    blockSize,
    quants: Int8Array.from(noise(INPUTS * OUTPUTS, 1), (value) => Math.floor(value * range)),
    // Scales of both signs, because K-quants have negative ones.
    scales: noise(blocks, 2),
    offsets: withOffsets ? noise(blocks, 3) : null,
  };
}

describe('integer blocks on the runtime', () => {
  const forms = ([4, 8] as const).flatMap((bits) =>
    ([16, 32] as const).flatMap((size) => [false, true].map((offsets) => [bits, size, offsets] as const)),
  );
  it.each(forms)(
    '%i bits in blocks of %i, offsets %s, multiply like the values they stand for',
    async (...form) => {
      const blocks = randomBlocks(...form);
      const weights = blockValues(blocks);
      const graph = new Graph();
      const x = graph.input('x', 'float32', [1, 'tokens', INPUTS]);
      const linear = {
        outputs: OUTPUTS,
        inputs: INPUTS,
        weight: { kind: 'blocks' as const, blocks },
        bias: noise(OUTPUTS, 4),
      };
      const y = applyLinear('weight', new Activation(graph, x, INPUTS), linear);
      graph.output(graph.named('y', y), 'float32', [1, 'tokens', OUTPUTS]);
      const model = graph.build();
      const session = await InferenceSession.create(model.proto, { externalData: [...model.weights] });
      for (const tokens of [1, 5]) {
        const input = noise(tokens * INPUTS, 5);
        const result = await session.run({ x: new Tensor('float32', input, [1, tokens, INPUTS]) });
        let error = 0;
        let norm = 0;
        (result.y!.data as Float32Array).forEach((actual, i) => {
          const [token, output] = [Math.floor(i / OUTPUTS), i % OUTPUTS];
          let expected = linear.bias[output]!;
          for (let k = 0; k < INPUTS; k++)
            expected += weights[output * INPUTS + k]! * input[token * INPUTS + k]!;
          error += (actual - expected) ** 2;
          norm += expected ** 2;
        });
        // The kernel rounds activations to 8 bits in each block, by at most half a step of 1/127 of the largest.
        expect(Math.sqrt(error / norm)).toBeLessThan(1e-2);
      }
      await session.release();
    },
  );
});
