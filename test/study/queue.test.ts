import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { describe, expect, it, vi } from 'vitest';
import { grouped } from '../../src/grouped.js';
import { makeGate, makePlace, type Place, resultsIn, type Started } from './stub-study.js';

const SPEC = { name: 'tiny', dialogues: 12, arms: { off: 'o', on: 'n' }, costs: 3, ranked: 2, measured: 4 };
const CELLS = 2 + 12 * 2 + 3 * 2 + 4 * 2;
const NOW = ['--now', '2026-01-31'];
const installed = spawnSync('redis-server', ['--version']).status === 0;
if (!installed) console.warn('skipped: studies by way of a queue, because redis-server is not installed');

/** Starts a Redis that keeps its data in the place. @returns its port, the words that name it, and what ends it */
async function startRedis(place: Place, asked?: number) {
  const port = asked ?? (await freePort());
  const args = ['--port', String(port), '--dir', place.folder, '--save', '', '--bind', '127.0.0.1'];
  const child = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = once(child, 'exit');
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await ended;
  };
  place.onEnd(stop);
  await said(child.stdout, /Ready to accept connections/);
  return { port, queue: ['--queue', `redis://127.0.0.1:${port}`], stop };
}

/** Resolves when a stream says something that matches. */
function said(stream: NodeJS.ReadableStream, words: RegExp): Promise<void> {
  let text = '';
  return new Promise((resolve, reject) => {
    stream.on('data', (chunk) => {
      text += chunk;
      if (words.test(text)) resolve();
    });
    stream.on('end', () => reject(new Error(`it ended without saying ${words}: ${text}`)));
  });
}

/** Connects to a Redis until the test ends. */
function connected({ onEnd }: Place, port: number): Redis {
  const redis = new Redis(port);
  onEnd(() => redis.disconnect());
  return redis;
}

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, () => {
      const { port } = server.address() as { readonly port: number };
      server.close(() => resolve(port));
    });
  });

/** Ends a worker as an operator does. @returns what it said */
async function stopped({ child, ended }: Started): Promise<string> {
  child.kill('SIGTERM');
  const { code, stderr } = await ended;
  expect(code, stderr).toBe(143);
  return stderr;
}

// At the same time: most of them wait, for a lock to end or a process to start.
describe.skipIf(!installed).concurrent('a study by way of a queue', () => {
  it.for<readonly [string, readonly string[]]>([
    ['back through the queue', []],
    ['into a folder that all share', ['--out', 'out']],
  ])('gets the results of one machine from two workers, %s', async ([, out], { onTestFinished }) => {
    const place = makePlace(onTestFinished);
    const spec = place.spec(SPEC);
    const { queue } = await startRedis(place);
    const run = place.start(['run', spec, '--out', 'out', ...queue, ...NOW]);
    const wide = ['--jobs', '1', ...out];
    await said(run.child.stderr!, /^2 of /m); // the rankings are done, and with them the folder is the study's
    const workers = [1, 2].map(() => place.start(['work', spec, ...queue, ...wide]));
    const { code, stdout, stderr } = await run.ended;
    expect(code, stderr).toBe(0);
    expect(stdout).toContain(`${CELLS} cells: ${CELLS} computed, 0 reused, 0 failed`);
    for (const worker of workers) expect(await stopped(worker)).toMatch(/stopped: \d+ cells in \d+ jobs/);
    await place.start(['run', spec, '--out', 'alone', ...NOW]).ended;
    expect(resultsIn(place.at('out'))).toEqual(resultsIn(place.at('alone')));
  });

  it('loses nothing when a worker is killed and when Redis forgets everything', async ({
    onTestFinished,
  }) => {
    const place = makePlace(onTestFinished);
    const spec = place.spec({ ...SPEC, ranked: 0 });
    const { port, queue, stop } = await startRedis(place);
    const gate = await makeGate(place);
    const run = place.start(['run', spec, '--out', 'out', ...queue, ...NOW]);
    const work = ['work', spec, ...queue, '--jobs', '1'];
    const killed = place.start(work, gate.env);
    for (let cell = 0; cell < 3; cell++) (await gate.next()).pass();
    await gate.next();
    killed.child.kill('SIGKILL');
    await stop();
    await startRedis(place, port);
    gate.openWide();
    const worker = place.start(work);
    const { code, stdout, stderr } = await run.ended;
    expect(code, stderr).toBe(0);
    expect(stdout).toContain(`${CELLS - 2} cells: ${CELLS - 2} computed, 0 reused, 0 failed`);
    await stopped(worker);
    await place.start(['run', spec, '--out', 'alone', ...NOW]).ended;
    expect(resultsIn(place.at('out'))).toEqual(resultsIn(place.at('alone')));
  });

  it('gives the job of a killed worker to another, and not that of one whose pass takes longer than a lock lasts', async ({
    onTestFinished,
  }) => {
    const place = makePlace(onTestFinished);
    const spec = place.spec({ ...SPEC, dialogues: 4, ranked: 0, measured: 0 });
    const { queue } = await startRedis(place);
    const gate = await makeGate(place);
    const run = place.start(['run', spec, '--out', 'out', ...queue, ...NOW]);
    const work = ['work', spec, ...queue, '--jobs', '1'];
    const killed = place.start(work, gate.env);
    await gate.next();
    const long = place.start(work, { STUB_BLOCK: '20000' });
    await vi.waitUntil(() => place.executed().length === 2, { timeout: 60_000 });
    killed.child.kill('SIGKILL');
    const worker = place.start(work);
    const { code, stdout, stderr } = await run.ended;
    expect(code, stderr).toBe(0);
    expect(stdout).toContain('14 cells: 14 computed');
    await stopped(worker);
    await stopped(long);
    const times = [...grouped(place.executed(), (address) => address).values()].map(({ length }) => length);
    expect(times.toSorted()).toEqual([...Array(13).fill(1), 2]);
  });

  it('a job that has lost more than five workers ends the run, and the next run computes it', async ({
    onTestFinished,
  }) => {
    const place = makePlace(onTestFinished);
    const spec = place.spec({ name: 'tiny', dialogues: 1, arms: { off: 'o' } });
    const { port, queue } = await startRedis(place);
    const gate = await makeGate(place);
    const run = place.start(['run', spec, '--out', 'out', ...queue, ...NOW]);
    const work = ['work', spec, ...queue, '--jobs', '1'];
    const killed = place.start(work, gate.env);
    await gate.next();
    const redis = connected(place, port);
    const [active] = await redis.keys('bull:*:active');
    const [job] = await redis.lrange(active!, 0, 0);
    await redis.hset(active!.replace(/active$/, job!), 'stc', 5); // as if five had been lost before
    killed.child.kill('SIGKILL');
    gate.openWide();
    const worker = place.start(work);
    const { code, stderr } = await run.ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(/E_QUEUE: 6 workers were lost with the same job.* Its first cell is [0-9a-f]{64}/);
    const again = place.start(['run', spec, '--out', 'out', ...queue]);
    expect((await again.ended).stdout).toContain('1 cells: 1 computed');
    await stopped(worker);
  });

  it('a worker that is stopped gives its job back at once', async ({ onTestFinished }) => {
    const place = makePlace(onTestFinished);
    const spec = place.spec({ ...SPEC, dialogues: 4, ranked: 0, measured: 0 });
    const { queue } = await startRedis(place);
    const gate = await makeGate(place);
    const run = place.start(['run', spec, '--out', 'out', ...queue, ...NOW]);
    const first = place.start(['work', spec, ...queue, '--jobs', '1'], gate.env);
    await gate.next();
    expect(await stopped(first)).toContain('stopped: 0 cells in 0 jobs are done');
    const worker = place.start(['work', spec, ...queue, '--jobs', '1']);
    expect(await run.ended).toMatchObject({ code: 0 });
    await stopped(worker);
  });

  it('a worker plans before it takes a job: a long plan would lose the lock', async ({ onTestFinished }) => {
    const place = makePlace(onTestFinished);
    const spec = place.spec({ ...SPEC, dialogues: 4, ranked: 0, measured: 0 });
    const { port, queue } = await startRedis(place);
    const run = place.start(['run', spec, '--out', 'out', ...queue, ...NOW]);
    const worker = place.start(['work', spec, ...queue, '--jobs', '1'], {
      STUB_PLANNING: place.at('planning'),
    });
    while (!existsSync(place.at('planning'))) await pause(20);
    const redis = connected(place, port);
    while ((await redis.keys('bull:holdfast-tiny-*:wait')).length === 0) await pause(20);
    expect(await redis.keys('bull:holdfast-tiny-*:active')).toEqual([]);
    rmSync(place.at('planning'));
    expect(await run.ended).toMatchObject({ code: 0 });
    await stopped(worker);
  });

  it('an answer that is too large for the queue ends the run with what to do', async ({ onTestFinished }) => {
    const place = makePlace(onTestFinished);
    const spec = place.spec({ name: 'large', dialogues: 3, arms: { large: 'o' } });
    const { port, queue } = await startRedis(place);
    const run = place.start(['run', spec, '--out', 'out', ...queue, ...NOW]);
    const worker = place.start(['work', spec, ...queue, '--jobs', '1']);
    const { code, stderr } = await run.ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /E_QUEUE: a worker could not do its job: .*records of a job have \d+ bytes, more than 16777216/,
    );
    const redis = connected(place, port);
    const failedJobs = async (): Promise<number> => {
      const [key] = await redis.keys('*:failed');
      return key === undefined ? 0 : redis.zcard(key);
    };
    await vi.waitUntil(async () => (await failedJobs()) === 2, { timeout: 60_000 }); // the run has removed the third
    await stopped(worker);
    const shared = place.start(['work', spec, ...queue, '--jobs', '1', '--out', 'out']);
    const again = place.start(['run', spec, '--out', 'out', ...queue]);
    expect(await again.ended, 'whatever failed in the first run').toMatchObject({ code: 0 });
    await stopped(shared);
  });

  it('a worker with another study than the queue ends with an error, and the job stays', async ({
    onTestFinished,
  }) => {
    const place = makePlace(onTestFinished);
    const spec = place.spec({ ...SPEC, ranked: 0 });
    const { queue } = await startRedis(place);
    const run = place.start(['run', spec, '--out', 'out', ...queue, ...NOW]);
    await pause(1000);
    const other = makePlace(onTestFinished);
    const changed = other.spec({ ...SPEC, ranked: 0, arms: { off: 'other', on: 'n' } });
    const { code, stderr } = await place.start(['work', changed, ...queue]).ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(/E_QUEUE: the queue has a cell that is not in this machine's plan/);
    const worker = place.start(['work', spec, ...queue, '--jobs', '1']);
    expect(await run.ended).toMatchObject({ code: 0 });
    await stopped(worker);
  });
});

it('without a Redis there is an error that does not tell the password', async () => {
  const place = makePlace();
  const spec = place.spec(SPEC);
  for (const words of [
    ['run', spec, '--out', 'out'],
    ['work', spec],
  ]) {
    const { code, stderr } = await place.run([...words, '--queue', 'redis://:secret@127.0.0.1:1']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/E_QUEUE: Redis does not answer at redis:\/\/127\.0\.0\.1:1: /);
    expect(stderr).not.toContain('secret');
  }
});

it.each(['localhost:6379', 'http://localhost', 'redis://'])('--queue %s is refused', async (url) => {
  const { code, stderr } = await makePlace().run(['run', 'x.json', '--queue', url]);
  expect(code).toBe(2);
  expect(stderr).toContain('It must be redis://HOST:PORT');
});
