import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { refuseChanged, writeDerived } from './derived-files.js';

/** A folder into which a command writes files, all with the same text. */
function place() {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-derived-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return {
    at: (path: string): string => join(folder, path),
    read: (path: string): string => readFileSync(join(folder, path), 'utf8'),
    refuse: (...paths: readonly string[]) => refuseChanged(folder, paths, {}),
    write: (text: string, paths: readonly string[], force?: true) =>
      writeDerived(
        folder,
        paths.map((path) => ({ path, text })),
        force === undefined ? {} : { force },
      ),
  };
}
const BOTH = ['page.html', 'figures/a.svg'];

it('replaces what it wrote, also what it did not write again in between', async () => {
  const { write, read, at, refuse } = place();
  expect(await write('one', BOTH)).toEqual(BOTH.map(at));
  await write('two', ['page.html']);
  await refuse(...BOTH);
  await write('three', BOTH);
  expect(BOTH.map(read)).toEqual(['three', 'three']);
});

it('replaces no file that was changed, nor any beside it, unless it is told to', async () => {
  const { write, read, at, refuse } = place();
  await write('one', BOTH);
  appendFileSync(at('figures/a.svg'), ' of mine');
  const refusal = /E_UNWRITABLE: the file was changed since this command wrote it \(.*a\.svg\)\. .*--force$/;
  await expect(refuse()).rejects.toThrow(refusal);
  await expect(write('two', BOTH)).rejects.toThrow(refusal);
  expect(BOTH.map(read)).toEqual(['one', 'one of mine']);
  await write('two', BOTH, true);
  await write('three', BOTH);
  expect(BOTH.map(read)).toEqual(['three', 'three']);
});

it('replaces no file that it did not write, unless it has the same content', async () => {
  const { write, at, refuse, read } = place();
  writeFileSync(at('page.html'), 'of someone else');
  const refusal =
    /E_UNWRITABLE: the file exists, and nothing says that this command wrote it \(.*page\.html\)/;
  await expect(refuse('page.html')).rejects.toThrow(refusal);
  await expect(write('one', BOTH)).rejects.toThrow(refusal);
  await write('of someone else', BOTH);
  await write('one', BOTH);
  expect(read('page.html')).toBe('one');
});

it('goes on after it was killed, with files of before and new ones', async () => {
  const { write, read, at } = place();
  await write('one', BOTH);
  const list = read('written.json');
  await write('two', BOTH);
  const [hashesOne, hashesTwo] = [JSON.parse(list), JSON.parse(read('written.json'))];
  const path = 'page.html';
  writeFileSync(
    at('written.json'),
    JSON.stringify({ ...hashesTwo, [path]: [...hashesOne[path], ...hashesTwo[path]] }),
  );
  writeFileSync(at(path), 'one');
  await write('three', BOTH);
  expect(read(path)).toBe('three');
});

it.each(['{', '[]', '{"page.html": "abc"}'])('replaces no other written.json, such as %s', async (list) => {
  const { write, at, read, refuse } = place();
  writeFileSync(at('written.json'), list);
  const refusal = /nothing says that this command wrote it \(.*written\.json\)/;
  await expect(refuse(...BOTH)).rejects.toThrow(refusal);
  await expect(write('one', BOTH)).rejects.toThrow(refusal);
  expect(read('written.json')).toBe(list);
  await write('one', BOTH, true);
  await write('two', BOTH);
});
