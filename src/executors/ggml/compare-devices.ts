import { HoldfastError } from '../../errors.js';
import type { Executor, ForwardResult, Precision } from '../contract/index.js';
import { openGgmlExecutor } from './executor.js';
import { type BackendName, loadLibrary, withoutRounding } from './library.js';
import { buildProbeModel, type ProbeModel } from './probe-model.js';

/**
 * How far a device may be from the processor in f32: logits relative to their spread, and shares. `f32` is what the
 * contract of all executors promises. The rest is more than rounding explains.
 */
const TOLERANCES: Readonly<Record<'f32' | 'rounded', { logits: number; shares: number }>> = {
  f32: { logits: 1e-3, shares: 1e-4 },
  rounded: { logits: 0.05, shares: 0.02 },
};

/** A prompt that is longer than a tile, then one token. */
const PROMPT = 70;

/**
 * Runs a small model on a device, and on the processor in f32, measured and with a policy.
 * @throws HoldfastError `E_EXECUTOR` if the results differ, or if the device cannot run it
 */
export async function compareWithProcessor(name: BackendName, model: ProbeModel): Promise<void> {
  const { plan, checkpoint } = buildProbeModel(loadLibrary('cpu').ggml, model);
  const { precision } = model;
  const run = async (backend: BackendName, precision: Precision): Promise<ForwardResult[]> => {
    const executor = await openGgmlExecutor(plan, checkpoint, { precision, threads: 1 }, backend);
    try {
      return await results(executor);
    } finally {
      await executor.dispose();
    }
  };
  const expected = await run('cpu', 'f32');
  const found = await run(name, precision);
  const errors = { logits: 0, shares: 0 };
  for (const [i, result] of expected.entries()) {
    const logits = largestDifference(found[i]!.logits, result.logits) / spreadOf(result.logits);
    errors.logits = Math.max(errors.logits, logits);
    for (const shares of ['targetShares', 'spanShares'] as const) {
      for (const when of ['before', 'after'] as const) {
        const error = largestDifference(found[i]![shares]![when], result[shares]![when]);
        errors.shares = Math.max(errors.shares, error);
      }
    }
  }
  const tolerance = TOLERANCES[precision === 'f32' ? 'f32' : 'rounded'];
  for (const what of ['logits', 'shares'] as const) {
    if (errors[what] <= tolerance[what]) continue;
    const exact = precision === 'f32' ? withoutRounding(name) : null;
    throw new HoldfastError(
      'E_EXECUTOR',
      `${loadLibrary(name).variant} computes wrongly at precision ${precision}: ${what} of a small model differ from the ` +
        `processor's by ${errors[what].toPrecision(2)} (allowed: ${tolerance[what]})`,
      {
        hint: `Use --executor cpu${exact === null ? '' : `, or set ${exact}, so that ggml does not round to 16 bits`}`,
      },
    );
  }
}

async function results(executor: Executor): Promise<ForwardResult[]> {
  const { vocabSize, layers } = executor.blueprint;
  const sequence = executor.open(PROMPT + 1);
  try {
    const ask = async (first: number, count: number): Promise<ForwardResult> => {
      const tokens = Array.from({ length: count }, (_, i) => (7 * (first + i) + i * i) % vocabSize);
      const [result] = await executor.forward([
        {
          ...{ sequence, tokens, logits: 'all' },
          spans: [
            { start: 0, end: 4 },
            { start: 4, end: 11 },
          ],
          intervention: {
            policy: 'split-softmax',
            target: [{ start: 2, end: 9 }],
            strength: new Float32Array(layers.length * layers[0]!.attention.heads).fill(0.5),
          },
        },
      ]);
      return result!;
    };
    return [await ask(0, PROMPT), await ask(PROMPT, 1)];
  } finally {
    sequence.dispose();
  }
}

/** NaN if a number is NaN. */
function largestDifference(a: Float32Array, b: Float32Array): number {
  return a.reduce((largest, value, i) => Math.max(largest, Math.abs(value - b[i]!)), 0);
}

function spreadOf(values: Float32Array): number {
  return values.reduce((a, b) => Math.max(a, b)) - values.reduce((a, b) => Math.min(a, b));
}
