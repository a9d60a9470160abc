import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Executor } from '../../src/executors/index.js';
import { klDivergence } from '../../src/influence/index.js';
import { type LoadedModel, loadModel } from '../../src/load.js';
import type { Message } from '../../src/text/index.js';
import { layoutDialogue } from '../../src/text/index.js';
import { spread } from '../conformance/compare.js';
import { hasRealModel, realModel } from '../conformance/fixtures.js';
import { NOW } from '../support/text-fixtures.js';

/** What docs/decisions/0013 says that a prompt in chunks of 64 tokens and more may differ from the same token by token. */
interface Tolerance {
  /** Relative to the spread of the logits. */
  readonly logits: number;
  /** KL divergence, nats a token. */
  readonly divergence: number;
  /** Of the target's share in single heads, before and after the policy. */
  readonly meanShare: number;
  readonly largestShare: number;
}

const samples = readFileSync(new URL('../../models/organism/samples.jsonl', import.meta.url), 'utf8')
  .split('\n', 40)
  .map((line): { readonly messages: readonly Message[] } => JSON.parse(line));
const [system] = samples[0]!.messages;
/** A dialogue of one system message and the exchanges of many. */
const DIALOGUE = [system!, ...samples.flatMap(({ messages }) => messages.slice(1))];

/** Tokens of the dialogue that are read: more than a chunk, and not a whole number of them. */
const TOKENS = 150;

describe.each<[name: string, path: string, there: boolean, Tolerance]>([
  [
    'the embedded model',
    fileURLToPath(new URL('../../models/organism/soft', import.meta.url)),
    true,
    { logits: 0.005, divergence: 1e-5, meanShare: 1e-4, largestShare: 0.01 },
  ],
  [
    'SmolLM2-135M Q4_1',
    realModel,
    hasRealModel,
    { logits: 0.05, divergence: 0.01, meanShare: 0.005, largestShare: 0.2 },
  ],
])('a prompt of %s at auto', (_, path, there, tolerance) => {
  let model: LoadedModel;
  beforeAll(async () => {
    if (there) model = await loadModel(path, { executor: 'cpu', threads: 1 });
  });
  afterAll(() => model?.dispose());

  it.runIf(there)('in one block is that token by token, to the tolerance', async () => {
    const { executor, format } = model;
    const { ids, spans } = layoutDialogue(format!, DIALOGUE, { addGenerationPrompt: false, now: NOW });
    const target = spans.find(({ role }) => role === 'system')!;
    const run = (chunk: number) => runInChunks(executor, ids.slice(0, TOKENS), target, chunk);
    const [whole, single] = [await run(TOKENS), await run(1)];
    const { vocabSize } = executor.blueprint;
    const logits = largestOf(differences(whole.logits, single.logits));
    // Many rows have a kernel of their own: without it this would compare nothing.
    expect(logits).toBeGreaterThan(0);
    expect(logits).toBeLessThan(tolerance.logits * spread(single.logits));
    expect(divergence(single.logits, whole.logits, vocabSize)).toBeLessThan(tolerance.divergence);
    for (const when of ['before', 'after'] as const) {
      const errors = differences(whole[when], single[when]);
      expect(errors.reduce((sum, error) => sum + error, 0) / errors.length).toBeLessThan(tolerance.meanShare);
      expect(largestOf(errors)).toBeLessThan(tolerance.largestShare);
    }
  });
});

/** Logits and shares under split-softmax, row after row. Shares are `[rows, layers × heads]`. */
async function runInChunks(
  executor: Executor,
  ids: readonly number[],
  { start, end }: { readonly start: number; readonly end: number },
  chunk: number,
): Promise<Record<'logits' | 'before' | 'after', Float32Array>> {
  const { layers, vocabSize } = executor.blueprint;
  const pairs = layers.length * layers[0]!.attention.heads;
  const all = {
    logits: new Float32Array(ids.length * vocabSize),
    before: new Float32Array(ids.length * pairs),
    after: new Float32Array(ids.length * pairs),
  };
  const intervention = {
    policy: 'split-softmax' as const,
    target: [{ start, end }],
    strength: new Float32Array(pairs).fill(0.5),
  };
  const sequence = executor.open(ids.length);
  for (let at = 0; at < ids.length; at += chunk) {
    const tokens = ids.slice(at, at + chunk);
    const [result] = await executor.forward([{ sequence, tokens, logits: 'all', intervention }]);
    all.logits.set(result!.logits, at * vocabSize);
    for (const when of ['before', 'after'] as const) {
      const shares = result!.targetShares![when];
      for (let row = 0; row < tokens.length; row++) {
        for (let pair = 0; pair < pairs; pair++) {
          all[when][(at + row) * pairs + pair] = shares[pair * tokens.length + row]!;
        }
      }
    }
  }
  sequence.dispose();
  return all;
}

function differences(a: Float32Array, b: Float32Array): Float32Array {
  return a.map((value, i) => Math.abs(value - b[i]!));
}

function largestOf(values: Float32Array): number {
  // A NaN must fail.
  return values.reduce((largest, value) => (value > largest || Number.isNaN(value) ? value : largest), 0);
}

/** The mean of KL(p ‖ q) over rows of logits. */
function divergence(p: Float32Array, q: Float32Array, vocabSize: number): number {
  let sum = 0;
  for (let at = 0; at < p.length; at += vocabSize) {
    sum += klDivergence(p.subarray(at, at + vocabSize), q.subarray(at, at + vocabSize));
  }
  return sum / (p.length / vocabSize);
}
