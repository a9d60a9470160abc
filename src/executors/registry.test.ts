import { describe, expect, it } from 'vitest';
import { readVersions } from '../versions.js';
import { EXECUTORS, executorEntry } from './registry.js';

describe('the registry of executors', () => {
  it('has a row for each name, and refuses any other name', () => {
    for (const name of EXECUTORS) expect(executorEntry(name).create).toBeTypeOf('function');
    const refusal = expect.objectContaining({
      code: 'E_EXECUTOR',
      message: expect.stringContaining('"toString" is not an executor'),
    });
    expect(() => executorEntry('toString')).toThrow(refusal);
    expect(() => readVersions('toString')).toThrow(refusal);
  });
});
