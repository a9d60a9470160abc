import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { type Environment, holdfast, outcomeOf, start } from '../cli/holdfast.js';
import { hubPlace } from '../support/hub-place.js';

const folder = fileURLToPath(new URL('../../../shared/models/smollm2-135m-instruct/', import.meta.url));
const GGUF = 'SmolLM2-135M-Instruct.Q4_1.gguf';
const NAME = 'owner/SmolLM2-135M-Instruct-GGUF:Q4_1';
const MIB = 1024 ** 2;

it.skipIf(!existsSync(folder))(
  'resumes a pull that was killed three times in mid-file, and chats with the model by its name',
  async () => {
    const bytes = new Uint8Array(readFileSync(`${folder}${GGUF}`));
    const files = { [GGUF]: bytes, 'model-Q8_0.gguf': new Uint8Array(9) };
    const at = await hubPlace({ 'owner/SmolLM2-135M-Instruct-GGUF': { files } });
    const environment: Environment = {
      ...{
        HF_ENDPOINT: at.hub.endpoint,
        HF_HUB_CACHE: at.cache,
        HF_HUB_OFFLINE: '0',
        HF_TOKEN_PATH: '/nowhere',
      },
    };
    for (const stopAt of [10 * MIB, 20 * MIB, 30 * MIB]) {
      at.hub.misbehave.set(GGUF, [{ stopAt }]);
      const stopped = at.hub.stopped();
      const child = start(['pull', NAME], environment);
      onTestFinished(() => void child.kill('SIGKILL'));
      const ended = outcomeOf(child);
      await stopped;
      child.kill('SIGKILL');
      await ended;
      expect(at.cached().filter((file) => !file.endsWith('.holdfast-incomplete'))).toEqual([]);
    }
    const resumed = await holdfast(['pull', NAME], '', environment);
    expect(resumed).toMatchObject({ code: 0, stderr: `resumed ${GGUF}, 93.8 MiB\n` });
    const starts = at.hub.asked
      .filter(({ host }) => host === 'files')
      .map(({ range }) => Number(/^bytes=(\d+)-$/.exec(range ?? 'bytes=0-')?.[1]));
    expect(starts).toHaveLength(4);
    expect(starts, 'every try resumes after the one before').toEqual(
      [...new Set(starts)].sort((a, b) => a - b),
    );
    // Each kill loses the data in the sockets' buffers: a few megabytes, not half of 60.
    expect(starts.at(-1)).toBeGreaterThan(30 * MIB);
    const sha256 = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex');
    expect(sha256(readFileSync(resumed.stdout.trim()))).toBe(sha256(bytes));

    const talk = (model: string, env: Environment) => {
      const args = ['chat', model, '--temperature', '0', '--max-tokens', '16', '--json'];
      return holdfast(args, 'What is the capital of France?\n', env);
    };
    const answerOf = (stdout: string): unknown => JSON.parse(stdout.split('\n')[0]!).assistant;
    const byName = await talk(NAME, { ...environment, HF_HUB_OFFLINE: '1' });
    expect(byName.code, byName.stderr).toBe(0);
    expect(answerOf(byName.stdout)).toMatch(/\w/);
    expect(answerOf(byName.stdout)).toBe(answerOf((await talk(`${folder}${GGUF}`, {})).stdout));
  },
);
