import { expect, it } from 'vitest';
import { TransientError, waitBeforeRetry } from './retry.js';

it('gives up for the reason that it was stopped for, and not for what that broke', async () => {
  const policy = { tries: 1, firstWaitMs: 1, longestWaitMs: 1 };
  const about = { what: 'model', signal: AbortSignal.abort(new Error('enough')), onNote() {} };
  const broken = new TransientError('the answer broke off');
  await expect(waitBeforeRetry(policy, 1, broken, about)).rejects.toThrow('enough');
});
