import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { localStudies } from './studies.js';

const root = mkdtempSync(join(tmpdir(), 'holdfast-studies-'));
afterAll(() => rmSync(root, { recursive: true }));

/** A file or folder that is there, but can be read by nobody: a link to itself. */
function unreadable(...names: string[]): string {
  const path = join(root, ...names);
  symlinkSync(path, path);
  return path;
}

it('lists no studies of a folder that is not there', async () => {
  expect(await localStudies(join(root, 'none')).studies()).toEqual([]);
});

it('does not take a folder that cannot be read for an empty one', async () => {
  const path = unreadable('loop');
  await expect(localStudies(path).studies()).rejects.toThrow(/^E_UNREADABLE.*ELOOP/);
});

it('does not take a report that cannot be read for none', async () => {
  mkdirSync(join(root, 'studies', 'one', 'report'), { recursive: true });
  writeFileSync(join(root, 'studies', 'one', 'study.json'), '{}');
  const studies = localStudies(join(root, 'studies'));
  expect(await studies.studies()).toEqual(['one']);
  expect(await studies.reportText('one')).toBeNull();
  unreadable('studies', 'one', 'report', 'index.html');
  await expect(studies.reportText('one')).rejects.toThrow(/^E_UNREADABLE.*ELOOP/);
});
