import { existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { hasCells, openFolder, readTimings } from './folder.js';

function temporaryFolder(): string {
  const path = mkdtempSync(join(tmpdir(), 'holdfast-folder-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

it('opening a folder removes temporary files of dead processes and keeps those of live ones', async () => {
  const path = temporaryFolder();
  const living = await openFolder(path);
  const here = living.writer.slice(0, 8); // how far its lock reaches
  const [kept, left] = [living.writer, `${here}0123456789abcdef`].map((writer) =>
    join(path, `plan.jsonl.${writer}.tmp`),
  );
  for (const file of [kept!, left!]) writeFileSync(file, 'half');
  const second = await openFolder(path);
  expect([existsSync(kept!), existsSync(left!)]).toEqual([true, false]);
  await living.close();
  const third = await openFolder(path);
  expect(existsSync(kept!)).toBe(false);
  for (const folder of [second, third]) await folder.close();
});

it('opening a folder leaves temporary files of other machines, whose locks it cannot see, for a day', async () => {
  const path = temporaryFolder();
  const day = 24 * 3600;
  const now = Date.now() / 1000;
  const files = ['00000000', ''].flatMap((reach) =>
    [1, 2].map((days) => {
      const file = join(path, `plan.jsonl.${reach}${days}123456789abcdef.tmp`);
      writeFileSync(file, 'half');
      utimesSync(file, now, now - days * day + 60);
      return file;
    }),
  );
  await (await openFolder(path)).close();
  expect(files.map((file) => existsSync(file))).toEqual([true, false, true, false]);
});

it('a folder may have files that are not the study’s among its cells', async () => {
  const path = temporaryFolder();
  await (await openFolder(path)).close();
  writeFileSync(join(path, 'cells', '.DS_Store'), '');
  expect(await hasCells(path)).toBe(false);
  mkdirSync(join(path, 'cells', 'ab'));
  writeFileSync(join(path, 'cells', 'ab', 'cell.json'), '');
  expect(await hasCells(path)).toBe(true);
});

it('readTimings returns the latest time of each cell and skips a broken line', async () => {
  const path = temporaryFolder();
  const line = (address: string, totalMs: number): string =>
    JSON.stringify({ address, totalMs, executorMs: 1, decodedTokens: 1 });
  writeFileSync(join(path, 'timings.jsonl'), [line('a', 5), line('a', 7), '{"addr', line('b', 3)].join('\n'));
  const timings = [...(await readTimings(path)).values()].map(({ address, totalMs }) => [address, totalMs]);
  expect(timings).toEqual([
    ['a', 7],
    ['b', 3],
  ]);
});

it('readTimings returns nothing without a file, and refuses one that cannot be read', async () => {
  const path = temporaryFolder();
  expect((await readTimings(path)).size).toBe(0);
  mkdirSync(join(path, 'timings.jsonl'));
  await expect(readTimings(path)).rejects.toThrow(/E_UNREADABLE.*timings\.jsonl/s);
});
