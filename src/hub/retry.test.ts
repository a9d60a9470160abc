import { expect, it } from 'vitest';
import { TransientError, waitBeforeRetry } from './retry.js';

it('throws the reason of the abort, not the failure that the abort caused', async () => {
  const policy = { tries: 1, firstWaitMs: 1, longestWaitMs: 1 };
  const about = { what: 'model', signal: AbortSignal.abort(new Error('enough')), onNote() {} };
  const broken = new TransientError('the connection broke');
  await expect(waitBeforeRetry(policy, 1, broken, about)).rejects.toThrow('enough');
});
