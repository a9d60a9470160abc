import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { tryInChild } from './probe.js';

const place = mkdtempSync(join(tmpdir(), 'holdfast-probe-'));
afterAll(() => rmSync(place, { recursive: true }));

const TASK = { name: 'ggml-vulkan', model: null } as const;
let programs = 0;

/** Tries a child that runs these statements when it is given its task. */
function tried(statements: string, limitMs = 60_000): Promise<string> {
  const program = join(place, `${programs++}.mjs`);
  writeFileSync(program, `process.once('message', ({ name }) => { ${statements} });`);
  return tryInChild(program, TASK, limitMs);
}

const device = (then = ''): string =>
  `process.send({ kind: 'device', device: 'Some GPU' }, () => { ${then} });`;
const works = "process.send({ kind: 'works', description: name }, () => process.disconnect());";

describe('a device that is tried in a child process', () => {
  it('works if the child says so and ends', async () => {
    expect(await tried(`${device()} ${works}`)).toBe('ggml-vulkan');
  });

  it.each([
    ['aborts', device('process.abort()'), /Some GPU ended the process .*\(SIGABRT\)/],
    ['aborts before it has a name', 'process.abort();', /the device ended the process .*\(SIGABRT\)/],
    [
      'ends with a message',
      `process.exitCode = 3; console.error('no 16-bit storage'); console.error(''); ${device('process.disconnect()')}`,
      /Some GPU ended the process that tried it \(exit code 3\): no 16-bit storage\./,
    ],
    [
      'aborts after it worked',
      `${device()} process.send({ kind: 'works', description: name }, () => process.abort());`,
      /Some GPU ended the process/,
    ],
    ['says nothing', device('process.disconnect()'), /the process that tried Some GPU gave no answer/],
  ])('is refused if it %s', async (_, statements, message) => {
    await expect(tried(statements)).rejects.toMatchObject({
      code: 'E_EXECUTOR',
      message: expect.stringMatching(
        new RegExp(
          `^E_EXECUTOR: the ggml-vulkan executor is not available: ${message.source}.*--executor cpu`,
        ),
      ),
    });
  });

  it('is refused if it hangs', async () => {
    await expect(tried(`${device()} setInterval(() => {}, 1000);`, 2000)).rejects.toThrow(
      /(?:Some GPU|the device) did not finish a small graph in 2 s\. Use --executor cpu/,
    );
  });

  it('has its own error passed on', async () => {
    const why = 'E_EXECUTOR: there is no device. Plug one in';
    const fails = `process.send({ kind: 'fails', why: '${why}' }, () => process.disconnect());`;
    await expect(tried(fails)).rejects.toMatchObject({ code: 'E_EXECUTOR', message: why });
  });
});
