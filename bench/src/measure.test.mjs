import assert from 'node:assert/strict';
import { it } from 'node:test';
import { measure } from './measure.mjs';
import { fixedTokens } from './tokens.mjs';

/** @typedef {import('./subject.d.ts').Workload} Workload */

/** Returns a runtime that keeps the texts of its sequences, and what it was fed after the last clearing. */
function recorder() {
  /** @type {number[][]} */
  let texts = [];
  /** The sequences of each feed. @type {number[][]} */
  let feeds = [];
  let contextLength = 0;
  return {
    texts: () => texts,
    feeds: () => feeds,
    contextLength: () => contextLength,
    /** @type {import('./subject.d.ts').OpenSubject} */
    async open(settings) {
      contextLength = settings.contextLength;
      texts = Array.from({ length: settings.sequences }, () => []);
      return {
        about: {},
        async feed(inputs) {
          for (const { sequence, tokens } of inputs) texts[sequence].push(...tokens);
          feeds.push(inputs.map(({ sequence }) => sequence));
          return inputs.map(({ sequence }) => texts[sequence].length);
        },
        async clear() {
          for (const text of texts) text.length = 0;
          feeds = [];
        },
        async close() {},
      };
    },
  };
}

/**
 * @param {ReturnType<typeof recorder>[]} recorders
 * @param {Partial<Workload>} workload
 * @param {import('./subject.d.ts').Pace} pace
 */
async function run(recorders, workload, pace) {
  const whole = {
    id: 'test',
    sequences: 1,
    prefill: null,
    decodeAt: 600,
    batches: [1],
  };
  const subjects = recorders.map(() => ({ module: '', variant: {} }));
  return measure(
    recorders.map(({ open }) => open),
    { model: '', threads: 1, subjects, workload: { ...whole, ...workload }, pace },
  );
}

it('times the steps after the warm ones, at the wanted length', async () => {
  const one = recorder();
  const [result] = await run([one], { decodeAt: 700 }, { turns: 1, warmSteps: 4, timedSteps: 3 });
  assert.equal(result.samples['stepMs@1'].length, 3);
  assert.deepEqual(result.greedy, [705, 706, 707]);
  assert.deepEqual(one.texts(), [fixedTokens(707, 0)]);
});

it('times a prefill from an empty sequence each time and continues the last one', async () => {
  const one = recorder();
  const [result] = await run(
    [one],
    { prefill: { tokens: 600, repeats: 2 } },
    { turns: 1, warmSteps: 1, timedSteps: 1 },
  );
  assert.equal(result.samples.prefillMs.length, 2);
  assert.deepEqual(one.texts(), [fixedTokens(602, 0)]);
  assert.equal(one.feeds().length, 2 + 2, 'two pieces of the prefill and two steps');
});

it('feeds the first sequences of a batch together, each its own text', async () => {
  const one = recorder();
  const workload = { sequences: 4, decodeAt: 5, batches: [1, 2, 4] };
  const [result] = await run([one], workload, { turns: 1, warmSteps: 1, timedSteps: 2 });
  const steps = one.feeds().slice(4);
  assert.deepEqual(steps, [...Array(3).fill([0]), ...Array(3).fill([0, 1]), ...Array(3).fill([0, 1, 2, 3])]);
  assert.deepEqual(
    one.texts(),
    [14, 11, 8, 8].map((length, sequence) => fixedTokens(length, sequence)),
  );
  assert.equal(one.contextLength(), 14);
  assert.deepEqual(
    [1, 2, 4].map((batch) => result.samples[`stepMs@${batch}`].length),
    [2, 2, 2],
  );
  assert.equal(result.greedy.length, 2 * (1 + 2 + 4));
});

it('gives subjects in turns the same steps as alone', async () => {
  const [one, other] = [recorder(), recorder()];
  const results = await run([one, other], { decodeAt: 6 }, { turns: 2, warmSteps: 1, timedSteps: 2 });
  assert.deepEqual(one.texts(), other.texts());
  assert.deepEqual(one.texts(), [fixedTokens(12, 0)]);
  for (const { samples, greedy } of results) {
    assert.equal(samples['stepMs@1'].length, 4);
    assert.deepEqual(greedy, [8, 9, 11, 12]);
  }
});
