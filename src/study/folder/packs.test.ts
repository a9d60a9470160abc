import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { CellRecord } from '../plan/index.js';
import { encodeCellFile } from './cell-file.js';
import { openCells } from './cell-reader.js';
import { cellPath, hasCells, readCell, type StudyFolder } from './folder.js';
import { packShard, removeDoublePacks } from './pack-cells.js';

const LABELS = {
  ...{ model: 'm', executor: 'cpu', precision: 'f32', source: 's', arm: 'off', seed: 0, index: 0 },
};
const done = (sum: number): CellRecord => ({
  ...{ kind: 'cost', ...LABELS, measure: 'kl', item: 'an item', sum, count: 3 },
});
const failed: CellRecord = { kind: 'failure', ...LABELS, error: 'it failed' };
const [A, B] = ['a', 'b'].map((digit) => digit.repeat(64)) as [string, string];

/** Writes a folder with packs. Each is replaced whole, as study run does. */
function folderWith(packs: Readonly<Record<string, string>>): string {
  const path = mkdtempSync(join(tmpdir(), 'holdfast-packs-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
  mkdirSync(join(path, 'packs'));
  for (const [name, text] of Object.entries(packs)) writeFileSync(join(path, 'packs', `${name}.jsonl`), text);
  return path;
}

function writeCellFile(path: string, address: string, record: CellRecord): void {
  mkdirSync(dirname(cellPath(path, address)), { recursive: true });
  writeFileSync(cellPath(path, address), encodeCellFile(address, record));
}

it('finds the cells of all packs, and takes a result before a failure of the same cell', async () => {
  for (const names of [
    ['1of2', '2of2'],
    ['2of2', '1of2'],
  ] as const) {
    const path = folderWith({
      [names[0]]: encodeCellFile(A, failed) + encodeCellFile(B, done(1)),
      [names[1]]: encodeCellFile(A, done(2)),
    });
    expect(await readCell(path, A)).toEqual({ kind: 'kept', record: done(2) });
    expect(await readCell(path, B)).toEqual({ kind: 'kept', record: done(1) });
    expect(await readCell(path, 'c'.repeat(64))).toEqual({ kind: 'missing' });
    const { has } = await openCells(path);
    expect([A, B, 'c'.repeat(64)].map(has)).toEqual([true, true, false]);
  }
});

it.each(['packs', 'cells', 'cells/aa'])(
  'does not take %s that cannot be listed for one without cells',
  async (name) => {
    const path = folderWith({});
    rmSync(join(path, 'packs'), { recursive: true });
    mkdirSync(join(path, dirname(name)), { recursive: true });
    symlinkSync(join(path, name), join(path, name)); // a link to itself
    const unreadable = new RegExp(`E_UNREADABLE: it cannot be read.*${name}`);
    await expect(openCells(path)).rejects.toThrow(unreadable);
    await expect(hasCells(path)).rejects.toThrow(unreadable);
  },
);

it('says that a truncated last line is damaged, and reads the others', async () => {
  const path = folderWith({ '1of1': encodeCellFile(A, done(1)) + encodeCellFile(B, done(2)).slice(0, -9) });
  expect(await readCell(path, A)).toMatchObject({ kind: 'kept' });
  expect(await readCell(path, B)).toMatchObject({ kind: 'damaged', file: join(path, 'packs/1of1.jsonl') });
});

it('reads packs again when one was added', async () => {
  const path = folderWith({ '1of2': encodeCellFile(A, done(1)) });
  expect(await readCell(path, B)).toEqual({ kind: 'missing' });
  writeFileSync(join(path, 'packs/2of2.jsonl'), encodeCellFile(B, done(2)));
  expect(await readCell(path, B)).toEqual({ kind: 'kept', record: done(2) });
});

it('reads lines that are longer than a piece', async () => {
  const long: CellRecord = { ...failed, kind: 'failure', error: 'é'.repeat(3 * 2 ** 20) };
  const path = folderWith({ all: encodeCellFile(A, long) + encodeCellFile(B, done(2)) });
  expect(await readCell(path, A)).toEqual({ kind: 'kept', record: long });
  expect(await readCell(path, B)).toEqual({ kind: 'kept', record: done(2) });
});

it('carries over the cells of a pack that its next version does not have', async () => {
  const path = folderWith({ '1of2': encodeCellFile(A, done(1)) + encodeCellFile(B, done(2)) });
  const folder = { path, writer: 'w' } as StudyFolder;
  writeCellFile(path, A, done(1));
  await packShard(folder, { index: 1, count: 2 }, [{ address: A }]);
  expect(await readCell(path, A)).toEqual({ kind: 'kept', record: done(1) });
  expect(await readCell(path, B)).toEqual({ kind: 'kept', record: done(2) });
  expect(readFileSync(join(path, 'packs/1of2.jsonl'), 'utf8')).toBe(
    encodeCellFile(A, done(1)) + encodeCellFile(B, done(2)),
  );
});

it('replaces no pack while a cell of the shard cannot be seen', async () => {
  const text = encodeCellFile(B, done(2));
  const path = folderWith({ '1of2': text });
  writeCellFile(path, A, done(1));
  const folder = { path, writer: 'w' } as StudyFolder;
  const cells = [A, 'c'.repeat(64)].map((address) => ({ address }));
  await expect(packShard(folder, { index: 1, count: 2 }, cells)).rejects.toThrow(
    /E_UNREADABLE: the cell c{64} was there/,
  );
  expect(readFileSync(join(path, 'packs/1of2.jsonl'), 'utf8')).toBe(text);
  expect(await readCell(path, A)).toEqual({ kind: 'kept', record: done(1) });
});

it('removes a pack of which another has every cell, unless the other has only its failure', async () => {
  const path = folderWith({
    all: encodeCellFile(A, done(1)) + encodeCellFile(B, failed),
    '1of3': encodeCellFile(A, done(1)),
    '2of3': encodeCellFile(B, done(2)),
    '3of3': encodeCellFile(A, done(1)) + encodeCellFile('c'.repeat(64), done(3)),
  });
  await removeDoublePacks({ path, writer: 'w' } as StudyFolder, 'all');
  expect(readdirSync(join(path, 'packs'))).toEqual(['2of3.jsonl', '3of3.jsonl', 'all.jsonl']);
  expect(await readCell(path, B)).toEqual({ kind: 'kept', record: done(2) });
});

it('says which pack cannot be read', async () => {
  const path = folderWith({});
  mkdirSync(join(path, 'packs', '1of2.jsonl'), { recursive: true });
  await expect(readCell(path, A)).rejects.toThrow(/E_UNREADABLE.*1of2\.jsonl/s);
});
