import { describe, expect, it } from 'vitest';
import { openDawn } from '../../src/dawn.js';
import { Device } from '../../src/executors/gpu/device.js';
import { ON_A_GPU, ON_A_PROCESSOR } from '../../src/executors/gpu/index.js';
import { gpuFound, gpuName, inDeno, tuned } from '../support/gpu.js';
import { type Family, golden } from './fixtures.js';
import { expectGoldenCases } from './golden-cases.js';
import { familySuite } from './suite.js';

/**
 * Tests that only Dawn can run: of its shader compiler, and of subgroups. They are one file, because two software GPUs
 * at the same time slow each other down many times over.
 */
const sizes = inDeno ? null : (gpuFound?.subgroup ?? null);
// Two of the widest subgroups to a workgroup, so that there is something to put together; as many lanes as lie in one.
const inSubgroups =
  sizes === null ? null : { threads: 2 * sizes.largest, lanes: sizes.smallest, subgroups: true };
const widths = sizes === null ? '(it has none)' : `of ${sizes.smallest} to ${sizes.largest} threads`;
describe.skipIf(inSubgroups === null)(`by subgroups ${widths} on ${gpuName}`, () => {
  it('has threads hand values to each other', async () => {
    const device = await Device.open(await openDawn());
    expect(device.subgroupOf(inSubgroups!.threads)).toBe(inSubgroups!.lanes);
  });

  describe('qwen2', () => familySuite('qwen2', tuned(inSubgroups!)));

  // With qwen2 they have every kernel whose threads hand values to each other, in each of its forms.
  it.each<Family>(['gemma3', 'olmo2'])('gives the golden cases of %s', (family) =>
    expectGoldenCases(family, tuned(inSubgroups!)),
  );
});

describe.skipIf(inDeno || gpuFound === null)(`on ${gpuName}`, () => {
  it.each<Family>(['llama', 'gemma2', 'phi3'])('gives the golden cases of %s', (family) =>
    expectGoldenCases(family, tuned(ON_A_PROCESSOR)),
  );

  // 16 lanes share an output, more than a subgroup has. Deno runs all cases with this tuning, but without subgroups.
  it('gives a golden case of llama as divided for a GPU', () =>
    expectGoldenCases('llama', tuned(ON_A_GPU), golden('llama').cases.slice(-1)));
});
