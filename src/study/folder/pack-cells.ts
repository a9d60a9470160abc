import { closeSync, existsSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HoldfastError } from '../../errors.js';
import type { PlannedCell, Shard } from '../plan/index.js';
import { isFailureLine } from './cell-file.js';
import { makeFolder, removeFile, replaceFile } from './durable.js';
import { cellPath, findCellBytes, type StudyFolder } from './folder.js';
import { cellsOfPack, packNames, packsPath } from './packs.js';

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
      for (const { address, line } of cellsOfPack(pack)) {
        if (!addresses.has(address)) add(address, line);
      }
      flush();
    } finally {
      closeSync(file);
    }
  });
  for (const address of addresses) {
    const file = cellPath(path, address);
    // Most cells that are merged had none: to look takes a tenth of the time of a removal.
    if (existsSync(file)) await removeFile(file);
  }
}

/**
 * Packs the cells of a shard that is done. If none has a file of its own, they are packed already.
 * @throws HoldfastError `E_UNWRITABLE`; `E_UNREADABLE` for a cell that cannot be seen: then no pack is replaced
 */
export async function packShard(
  folder: StudyFolder,
  { index, count }: Shard,
  cells: readonly Pick<PlannedCell, 'address'>[],
): Promise<void> {
  const addresses = [...new Set(cells.map(({ address }) => address))];
  if (!addresses.some((address) => existsSync(cellPath(folder.path, address)))) return;
  await writePack(folder, `${index}of${count}`, async (pack) => {
    for (const address of addresses) {
      const found = await findCellBytes(folder.path, address);
      if (found === null) {
        // Another machine has packed it, and a network file system does not show its pack yet.
        throw new HoldfastError('E_UNREADABLE', `the cell ${address} was there and cannot be seen now`, {
          file: folder.path,
          hint: 'Run the same command again: no cell is lost, and none is computed again',
        });
      }
      pack.add(address, found.bytes);
    }
  });
}

/**
 * Removes the packs of which another pack has every cell.
 * @param name the other pack
 * @throws HoldfastError `E_UNWRITABLE`
 */
export async function removeDoublePacks({ path }: StudyFolder, name: string): Promise<void> {
  const hasFailed = new Map<string, boolean>();
  for (const { address, line } of cellsOfPack(join(packsPath(path), `${name}.jsonl`))) {
    hasFailed.set(address, isFailureLine(line));
  }
  for (const file of packNames(path).filter((other) => other !== `${name}.jsonl`)) {
    const pack = join(packsPath(path), file);
    let isDouble = true;
    for (const { address, line } of cellsOfPack(pack)) {
      const failed = hasFailed.get(address);
      if (failed === undefined || (failed && !isFailureLine(line))) {
        isDouble = false;
        break;
      }
    }
    if (isDouble) await removeFile(pack);
  }
}
