import { describe, expect, it } from 'vitest';
import { createReferenceExecutor, type Executor } from '../../src/executors/index.js';
import { BLOCK_LAYOUTS, type TensorType } from '../../src/formats/index.js';
import { type Mix, type MixedFamily, mixedModel } from '../support/mixed-model.js';
import { spread } from './compare.js';

/** Largest relative RMS difference of logits: sums are in another order, but nothing is rounded. */
const SAME_NUMBERS = 1e-5;

const TYPES = (Object.keys(BLOCK_LAYOUTS) as TensorType[]).filter((type) => type !== 'I64');
const all = (type: TensorType): Mix => ({
  ...{ q: type, k: type, v: type, o: type },
  ...{ gate: type, up: type, down: type },
});

/** Mixes of tensor types, by their special feature. */
const MIXES: Readonly<Record<string, readonly [Mix, MixedFamily?]>> = {
  'llama.cpp’s Q4_K_M where it spends more bits': [{ ...all('Q4_K'), v: 'Q6_K', down: 'Q6_K' }],
  'Q4_K_M in rows that K-types do not fit': [{ ...all('Q5_0'), v: 'Q8_0', down: 'Q4_K' }],
  'biases on query and key of one form and value of another': [{ ...all('Q4_K'), v: 'Q6_K' }, 'qwen2'],
  'key of another form than its neighbours': [{ ...all('Q8_0'), k: 'Q4_1' }, 'qwen2'],
  'key of blocks half as long': [{ ...all('Q8_0'), k: 'Q6_K' }, 'qwen2'],
  'up of blocks half as long, with offsets': [{ ...all('Q4_K'), up: 'Q2_K' }],
  'gate of fewer bits than up': [{ ...all('Q8_0'), gate: 'Q4_0' }],
  'gate with offsets, up with smaller blocks': [{ ...all('Q4_K'), up: 'Q6_K' }],
  'gate in floats, up in blocks': [{ ...all('Q8_0'), gate: 'F16' }],
  'gate and up of two kinds of halves': [{ ...all('Q8_0'), gate: 'F16', up: 'BF16' }],
  'gate and up of two forms under gelu': [{ ...all('Q5_K'), gate: 'IQ4_XS' }, 'gemma2'],
  'seven types in a layer': [
    { q: 'Q2_K', k: 'F32', v: 'BF16', o: 'Q3_K', gate: 'MXFP4', up: 'Q5_1', down: 'IQ4_NL' },
  ],
};

export type Create = (model: Awaited<ReturnType<typeof mixedModel>>) => Promise<Executor>;
const reference: Create = ({ plan, checkpoint }) => createReferenceExecutor(plan, checkpoint);
/** Returns the logits of a prompt of ten tokens, and of one more token after it. */
async function logitsOf(create: Create, mix: Mix, family?: MixedFamily): Promise<Float32Array> {
  const executor = await create(await mixedModel(mix, family));
  try {
    const sequence = executor.open(16);
    const tokens = Array.from({ length: 10 }, (_, i) => (i * 37) % 96);
    const [rows] = await executor.forward([{ sequence, tokens, logits: 'all' }]);
    const [row] = await executor.forward([{ sequence, tokens: [5], logits: 'last' }]);
    return Float32Array.from([...rows!.logits, ...row!.logits]);
  } finally {
    await executor.dispose();
  }
}

function relativeError(actual: Float32Array, expected: Float32Array): number {
  const squares = (values: Float32Array): number => values.reduce((sum, value) => sum + value * value, 0);
  return Math.sqrt(squares(actual.map((value, i) => value - expected[i]!)) / squares(expected));
}

/** Compares an executor with the reference on layers with one type of tensor and with several. */
export function mixedForms(name: string, create: Create): void {
  const expectSame = async (mix: Mix, family?: MixedFamily): Promise<void> => {
    const expected = await logitsOf(reference, mix, family);
    expect(spread(expected)).toBeGreaterThan(0.1);
    const actual = await logitsOf(create, mix, family);
    expect(relativeError(actual, expected)).toBeLessThan(SAME_NUMBERS);
  };
  describe(`${name} and reference give the same logits`, () => {
    it.each(TYPES)('from a layer of %s', (type) => expectSame(all(type)));
    it.each(Object.entries(MIXES))('from %s', (_, [mix, family]) => expectSame(mix, family));
  });
}
