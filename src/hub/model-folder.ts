import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { HoldfastError, readError } from '../errors.js';
import { readText } from '../files/index.js';
import { firstParts, splitParts } from './gguf-names.js';
import { readSideFiles, SIDE_FILES, type SideFiles } from './side-files.js';

/** Which files of a folder hold its weights. */
export type Weights =
  | { readonly kind: 'safetensors'; readonly file: string }
  | { readonly kind: 'gguf'; readonly file: string }
  /** All parts of a split GGUF, in order. */
  | { readonly kind: 'split'; readonly parts: readonly string[] }
  | { readonly kind: 'sharded'; readonly index: string };

const SINGLE = 'model.safetensors';
/** The index of a model's shards. */
export const INDEX = 'model.safetensors.index.json';
/** Files that mark a folder of safetensors. A single file takes precedence over shards. */
export const SAFETENSORS = [SINGLE, INDEX];

/**
 * Finds the weights in a model's folder. Safetensors take precedence over GGUF, because the other files of the folder
 * were written with them. A single file takes precedence over shards.
 * @throws HoldfastError `E_NOT_FOUND` if there are none, or several GGUF models to choose from
 */
export async function findWeights(folder: string): Promise<Weights> {
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (cause) {
    throw readError(folder, cause);
  }
  if (names.includes(SINGLE)) return { kind: 'safetensors', file: join(folder, SINGLE) };
  if (names.includes(INDEX)) return { kind: 'sharded', index: join(folder, INDEX) };
  const ggufs = firstParts(names.filter((name) => name.toLowerCase().endsWith('.gguf')).sort());
  if (ggufs.length === 1) return ggufWeights(join(folder, ggufs[0]!));
  if (ggufs.length > 1) {
    throw new HoldfastError(
      'E_NOT_FOUND',
      `the folder holds ${ggufs.length} GGUF models: ${ggufs.join(', ')}`,
      {
        file: folder,
        hint: 'Give the path of one of them instead of the folder',
      },
    );
  }
  throw new HoldfastError('E_NOT_FOUND', `the folder holds no model: no ${SINGLE}, ${INDEX} or .gguf file`, {
    file: folder,
    hint: 'Give the folder that has config.json and the weights, or a .gguf file',
  });
}

/** Returns the weights of a .gguf file. If its name is that of a part, these are all parts of the split model. */
export function ggufWeights(file: string): Weights {
  const parts = splitParts(basename(file));
  if (parts === null) return { kind: 'gguf', file };
  return { kind: 'split', parts: parts.map((name) => join(dirname(file), name)) };
}

/** Reads the side files of a folder. @param names the files to read, if they exist */
export function readSideFilesOf(folder: string, names: readonly string[] = SIDE_FILES): Promise<SideFiles> {
  return readSideFiles(
    async (name) => (names.includes(name) ? readTextIfThere(join(folder, name)) : undefined),
    (name) => join(folder, name),
  );
}

/** Reads a text file; undefined if it does not exist. */
async function readTextIfThere(path: string): Promise<string | undefined> {
  try {
    return await readText(path);
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'E_NOT_FOUND') return undefined;
    throw error;
  }
}
