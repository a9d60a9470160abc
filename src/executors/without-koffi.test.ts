import { expect, it, vi } from 'vitest';
import { EXECUTOR_TABLE, executorEntry } from './registry.js';

vi.mock('koffi', () => {
  throw new Error('there is no native module for this platform');
});

it('the cpu executor is not available where koffi does not load, and says what else is', async () => {
  const refusal = expect.objectContaining({
    code: 'E_EXECUTOR',
    message: expect.stringMatching(/^E_EXECUTOR: the cpu executor is not available: koffi .*onnx.*reference/),
  });
  await expect(EXECUTOR_TABLE.cpu.examine()).rejects.toEqual(refusal);
  const create = executorEntry('cpu').create as (...args: unknown[]) => Promise<unknown>;
  await expect(create(null, null, {})).rejects.toEqual(refusal);
});
