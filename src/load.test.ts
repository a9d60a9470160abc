import { describe, expect, it } from 'vitest';
import { fixture } from '../test/cli/holdfast.js';
import { type LoadOptions, loadModel } from './load.js';

const llama = fixture('models/llama');

describe('the options of loadModel', () => {
  const wrong: readonly (readonly [string, object, string, RegExp])[] = [
    [
      'an executor that is not there',
      { executor: 'gpu' },
      'E_EXECUTOR',
      /"gpu" is not an executor.*reference/,
    ],
    ['a precision that is not there', { precision: 'q5' }, 'E_EXECUTOR', /"q5" is not a precision/],
    ['a number of threads that is none', { threads: -3 }, 'E_EXECUTOR', /threads must be a whole number/],
    [
      'a precision for the reference executor',
      { executor: 'reference', precision: 'q4' },
      'E_USAGE',
      /the reference executor takes no precision/,
    ],
    [
      'threads and a precision for the reference executor',
      { executor: 'reference', precision: 'q4', threads: -3 },
      'E_USAGE',
      /takes no precision and no threads/,
    ],
  ];
  it.each(wrong)('refuse %s', async (_, options, code, message) => {
    await expect(loadModel(llama, options as LoadOptions)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });

  it('may be left out, or be undefined', async () => {
    const model = await loadModel(llama, { executor: 'reference', precision: undefined });
    expect(model.executor.name).toBe('reference');
    await model.dispose();
  });
});
