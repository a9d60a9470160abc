import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it, onTestFinished } from 'vitest';
import { tryLock } from '../src/lock.js';
import { outcomeOf } from './study/stub-study.js';

const HOLDER = `
  const { tryLock } = await import(process.argv[1]);
  const lock = await tryLock(process.argv[2]);
  process.stdout.write(lock === null ? 'refused' : 'held');
  process.stdin.resume();
`;

/** A process that tries to take a lock and prints whether it got it. */
async function holder(name: string) {
  const built = new URL('../dist/lock.js', import.meta.url).href;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', HOLDER, built, name]);
  onTestFinished(() => void child.kill('SIGKILL'));
  const [said] = await once(child.stdout, 'data');
  return { child, said: String(said), ended: outcomeOf(child) };
}

it('a lock has one holder at a time, in this process and in others, and is released when its process ends', async () => {
  const name = `test ${process.pid} ${Math.random()}`;
  const first = await holder(name);
  const second = await holder(name);
  expect([first.said, second.said]).toEqual(['held', 'refused']);
  expect(await tryLock(name)).toBeNull();
  expect(await tryLock(`${name} other`)).not.toBeNull();

  first.child.kill('SIGKILL');
  await first.ended;
  const lock = await tryLock(name);
  expect(lock).not.toBeNull();
  expect(await tryLock(name)).toBeNull();
  await lock?.release();
  expect((await holder(name)).said).toBe('held');
});
