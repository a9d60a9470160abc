import { describe, expect, it } from 'vitest';
import { openDawn } from '../../src/dawn.js';
import { Device } from '../../src/executors/gpu/device.js';
import { ON_A_GPU, ON_A_PROCESSOR } from '../../src/executors/gpu/index.js';
import type { FamilyName } from '../support/families.js';
import { gpuFound, gpuName, hasNoGpu, inDeno, tuned } from '../support/gpu.js';
import { golden } from './fixtures.js';
import { expectGoldenCases } from './golden-cases.js';
import { familySuite } from './suite.js';

/**
 * Tests that need Dawn: its shader compiler, and subgroups. They are in one file because two software GPUs running at
 * the same time slow each other down many times over.
 */
const sizes = inDeno ? null : (gpuFound?.subgroup ?? null);
// A workgroup has two of the widest subgroups, so that results must be combined across them; lanes fill one subgroup.
const inSubgroups =
  sizes === null
    ? null
    : {
        ...{ threads: 2 * sizes.largest, lanes: sizes.smallest, subgroups: true, rows: 64 },
        attention: { threads: 2 * sizes.largest, whole: 64, split: 64 },
      };
const widths = sizes === null ? '(it has none)' : `of ${sizes.smallest} to ${sizes.largest} threads`;
/** The case with a strength for each head. */
const oneCase = (family: FamilyName) =>
  golden(family).cases.filter(({ strength }) => typeof strength !== 'number');

describe.skipIf(inSubgroups === null)(`by subgroups ${widths} on ${gpuName}`, () => {
  it('exchanges values between threads', async () => {
    const device = await Device.open(await openDawn());
    expect(device.subgroupOf(inSubgroups!.threads)).toBe(inSubgroups!.lanes);
  });

  describe('qwen2', () => familySuite('qwen2', tuned(inSubgroups!)));

  // Together with qwen2, these families use every kernel whose threads exchange values, in each of its forms. The kernels
  // of a family are the same for every policy.
  it.each<FamilyName>(['gemma3', 'olmo2'])('gives a golden case of %s', (family) =>
    expectGoldenCases(family, tuned(inSubgroups!), oneCase(family)),
  );
});

describe.skipIf(inDeno || hasNoGpu())(`on ${gpuName}`, () => {
  it('gives the golden cases of llama', () => expectGoldenCases('llama', tuned(ON_A_PROCESSOR)));

  it.each<FamilyName>(['gemma2', 'phi3'])('gives a golden case of %s', (family) =>
    expectGoldenCases(family, tuned(ON_A_PROCESSOR), oneCase(family)),
  );

  // 16 lanes share an output, more than fit into a subgroup. Deno runs all cases with this tuning, but without subgroups.
  // SwiftShader runs 256 threads and their barriers in turn, so attention has 64 here.
  it('gives a golden case of llama with the division of work for a GPU', () => {
    const tuning = { ...ON_A_GPU, attention: { ...ON_A_GPU.attention, threads: 64 } };
    return expectGoldenCases('llama', tuned(tuning), oneCase('llama'), [24, 1]);
  });
});
