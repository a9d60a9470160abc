import { describe, expect, it } from 'vitest';
import { openDawn } from '../../src/dawn.js';
import { Device } from '../../src/executors/gpu/device.js';
import { createGpuExecutor, ON_A_GPU, ON_A_PROCESSOR, type Tuning } from '../../src/executors/gpu/index.js';
import { gpuFound, gpuName } from '../support/gpu.js';
import { expectClose, spread } from './compare.js';
import { caseStrengths, type Family, golden, goldenFamily, openFamily, pickRows, range } from './fixtures.js';
import { type CreateExecutor, conformance } from './suite.js';

const tuned =
  (tuning: Tuning): CreateExecutor =>
  async ({ plan, files }) =>
    createGpuExecutor(await openDawn(), plan, files.checkpoint, { precision: 'f32', tuning });

// The threads of the other suite work alone; these hand values to each other. In one file with it: two programs that
// play a GPU on the same processor hold each other up many times over.
const sizes = gpuFound?.subgroup ?? null;
// Two of the widest subgroups to a workgroup, so that there is something to put together; as many lanes as lie in one.
const inSubgroups =
  sizes === null ? null : { threads: 2 * sizes.largest, lanes: sizes.smallest, subgroups: true };
const widths = sizes === null ? '(it has none)' : `of ${sizes.smallest} to ${sizes.largest} threads`;
describe.skipIf(inSubgroups === null)(`by subgroups ${widths} on ${gpuName}`, () => {
  it('has threads hand values to each other', async () => {
    const device = await Device.open(await openDawn());
    expect(device.subgroupOf(inSubgroups!.threads)).toBe(inSubgroups!.lanes);
  });

  conformance('gpu', tuned(inSubgroups!), ['qwen2']);

  // With qwen2 they have every kernel whose threads hand values to each other, in each of its forms; a processor plays
  // subgroups so slowly that they have the golden cases alone.
  it.each<Family>(['gemma3', 'olmo2'])('gives the golden cases of %s', (family) =>
    expectGoldenCases(family, inSubgroups!),
  );
});

describe.skipIf(gpuFound === null)(`on ${gpuName}`, () => {
  conformance('gpu', tuned(ON_A_PROCESSOR));

  // The other way to divide the work takes a processor many times as long: it has the golden cases alone.
  it.each<[Family, boolean]>([
    ['llama', true],
    ['llama', false],
    ['gemma3', true],
    ['gemma3', false],
  ])(
    'gives the golden cases of %s as divided for a GPU, with subgroups where it has them: %s',
    (family, subgroups) => expectGoldenCases(family, { ...ON_A_GPU, subgroups }),
  );
});

/** The golden logits and shares of every case, from a pass of 64 rows, one of a row alone, one of the rest. */
async function expectGoldenCases(family: Family, tuning: Tuning): Promise<void> {
  const { plan, files } = await openFamily(family);
  const executor = await tuned(tuning)({ plan, files });
  await files.close();
  const { ids, rows, cases } = golden(family);
  const tensor = await goldenFamily(family);
  const { layers, vocabSize } = plan.blueprint;
  const { heads } = layers[0]!.attention;
  const cuts = [0, 65, ids.length];
  for (const golden of cases) {
    const intervention = {
      target: [range(golden.target)],
      policy: golden.policy,
      strength: caseStrengths(golden, layers.length, heads),
    };
    const sequence = executor.open(128);
    const logits = await tensor(`case${golden.case}.logits`);
    const shares = await tensor(`case${golden.case}.share_after`);
    const found = new Float32Array(ids.length * vocabSize);
    for (const [part, from] of cuts.slice(0, -1).entries()) {
      const to = cuts[part + 1]!;
      const tokens = ids.slice(from, to);
      const request = { sequence, tokens, logits: 'all' as const, intervention };
      const [result] = await executor.forward([request]);
      const what = `case ${golden.case}, rows from ${from}`;
      found.set(result!.logits, from * vocabSize);
      const expectedShares = Float32Array.from(result!.targetShares!.after, (_, index) => {
        const pair = Math.floor(index / tokens.length);
        return shares[pair * ids.length + from + (index % tokens.length)]!;
      });
      expectClose(result!.targetShares!.after, expectedShares, 1e-4, `${what}: shares`);
    }
    const recorded = pickRows(found, rows, ids.length, vocabSize);
    expectClose(recorded, logits, 1e-3 * spread(logits), `case ${golden.case}: logits`);
    sequence.dispose();
  }
  await executor.dispose();
}
