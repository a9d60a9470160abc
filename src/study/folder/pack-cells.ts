import { closeSync, existsSync, openSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { PlannedCell, Shard } from '../plan/index.js';
import { makeFolder, replaceFile } from './durable.js';
import { cellPath, findCellBytes, type StudyFolder } from './folder.js';
import { cellsOfPack, packsPath } from './packs.js';

/** A pack that is being written. */
export interface PackWriter {
  /** Adds a cell. @param bytes those of its file, with the line break */
  add(address: string, bytes: Uint8Array): void;
}

/** Bytes that are collected before they are written. */
const BUFFERED = 2 ** 20;

/**
 * Writes a pack durably, and then removes the files of its cells: at every moment each cell is in one of the two.
 * @param name such as `1of32`. A pack of this name is replaced; those of its cells that are not added are carried over, because
 * they may belong to a plan of before or have been packed by another machine
 * @throws HoldfastError `E_UNWRITABLE`
 */
export async function writePack(
  { path, writer }: StudyFolder,
  name: string,
  fill: (pack: PackWriter) => Promise<void>,
): Promise<void> {
  await makeFolder(packsPath(path));
  const addresses = new Set<string>();
  const pack = join(packsPath(path), `${name}.jsonl`);
  await replaceFile(pack, writer, async (temporary) => {
    const file = openSync(temporary, 'w');
    let waiting: Uint8Array[] = [];
    let length = 0;
    const flush = (): void => {
      writeFileSync(file, Buffer.concat(waiting));
      waiting = [];
      length = 0;
    };
    try {
      const add = (address: string, bytes: Uint8Array): void => {
        addresses.add(address);
        waiting.push(bytes);
        length += bytes.length;
        if (length >= BUFFERED) flush();
      };
      await fill({ add });
      for (const { address, line } of existsSync(pack) ? cellsOfPack(pack) : []) {
        if (!addresses.has(address)) add(address, line);
      }
      flush();
    } finally {
      closeSync(file);
    }
  });
  for (const address of addresses) await rm(cellPath(path, address), { force: true });
}

/**
 * Packs the cells of a shard that is done.
 * @throws HoldfastError `E_UNWRITABLE`
 */
export async function packShard(
  folder: StudyFolder,
  { index, count }: Shard,
  cells: readonly Pick<PlannedCell, 'address'>[],
): Promise<void> {
  await writePack(folder, `${index}of${count}`, async (pack) => {
    for (const address of new Set(cells.map((cell) => cell.address))) {
      const found = await findCellBytes(folder.path, address);
      if (found !== null) pack.add(address, found.bytes);
    }
  });
}
