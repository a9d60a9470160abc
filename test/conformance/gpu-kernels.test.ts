import { describe, expect, it } from 'vitest';
import { gpuName, hasNoGpu, openGpu } from '../support/gpu.js';
import { kernelVariants } from '../support/kernel-variants.js';

/** Parses and validates every form of every kernel with the runtime's compiler: tint in Node, naga in Deno. */
describe.skipIf(hasNoGpu())(`every form of every kernel, on ${gpuName}`, () => {
  it('is valid', async () => {
    const adapter = (await (await openGpu()).requestAdapter())!;
    const requiredFeatures = (['subgroups'] as const).filter((name) => adapter.features.has(name));
    const device = await adapter.requestDevice({ requiredFeatures });
    const variants = [...kernelVariants()].filter(
      ([, code]) => requiredFeatures.length > 0 || !code.includes('enable subgroups;'),
    );
    expect(variants.length).toBeGreaterThan(100);
    for (const [name, code] of variants) {
      device.pushErrorScope('validation');
      device.createShaderModule({ code });
      expect((await device.popErrorScope())?.message ?? 'valid', name).toBe('valid');
    }
    device.destroy();
  });
});
