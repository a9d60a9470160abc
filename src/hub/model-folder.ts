import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { HoldfastError, readError } from '../errors.js';
import { firstParts, splitParts } from './gguf-names.js';
import { readSideFiles, type SideFiles } from './side-files.js';

/** Which files of a folder hold its weights. */
export type Weights =
  | { readonly kind: 'safetensors'; readonly file: string }
  | { readonly kind: 'gguf'; readonly file: string }
  /** All parts of a split GGUF, in their order. */
  | { readonly kind: 'split'; readonly parts: readonly string[] }
  | { readonly kind: 'sharded'; readonly index: string };

const SINGLE = 'model.safetensors';
/** Names the shards that a model's weights are spread over. */
export const INDEX = 'model.safetensors.index.json';
/** What says that a folder holds safetensors; a single file wins over shards. */
export const SAFETENSORS = [SINGLE, INDEX];

/**
 * Finds the weights of a model's folder. Safetensors win over GGUF when both are there, because they are what
 * the other files of the folder were written with; a single file wins over shards.
 * @throws HoldfastError `E_NOT_FOUND` when there are none, or when several GGUF files leave the choice open.
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
        hint: 'Name the one you want instead of the folder',
      },
    );
  }
  throw new HoldfastError('E_NOT_FOUND', `the folder holds no model: no ${SINGLE}, ${INDEX} or .gguf file`, {
    file: folder,
    hint: 'Name the folder that has config.json and the weights, or a .gguf file',
  });
}

/** The weights that a .gguf file is, or is a part of, by its name. */
export function ggufWeights(file: string): Weights {
  const parts = splitParts(basename(file));
  if (parts === null) return { kind: 'gguf', file };
  return { kind: 'split', parts: parts.map((name) => join(dirname(file), name)) };
}

/** Reads the side files of a folder. */
export function readSideFilesOf(folder: string): Promise<SideFiles> {
  return readSideFiles(
    (name) => readTextIfThere(join(folder, name)),
    (name) => join(folder, name),
  );
}

/** A file's text. */
export async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw readError(path, cause);
  }
}

/** A file's text; undefined when there is no such file. */
async function readTextIfThere(path: string): Promise<string | undefined> {
  try {
    return await readText(path);
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'E_NOT_FOUND') return undefined;
    throw error;
  }
}
