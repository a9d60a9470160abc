import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { hashInto } from './blob-hash.js';

it('says which file cannot be read, and passes on why it was stopped', async () => {
  const hash = createHash('sha256');
  await expect(hashInto(hash, tmpdir())).rejects.toMatchObject({ code: 'E_UNREADABLE', file: tmpdir() });
  const reason = new Error('stopped');
  const stopped = hashInto(hash, fileURLToPath(import.meta.url), AbortSignal.abort(reason));
  await expect(stopped).rejects.toBe(reason);
});
