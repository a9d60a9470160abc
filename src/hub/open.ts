import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { HoldfastError, readError } from '../errors.js';
import { readText } from '../files/index.js';
import {
  type ByteSource,
  type Checkpoint,
  openGguf,
  openSafetensors,
  openShardedSafetensors,
  openSplitGguf,
  refusePointer,
} from '../formats/index.js';
import { fileSource } from './file-source.js';
import { findWeights, ggufWeights, readSideFilesOf, type Weights } from './model-folder.js';
import { filesFor, SIDE_FILES, type SideFiles } from './side-files.js';

/** A model's files, opened and checked. */
export interface ModelFiles extends SideFiles {
  /** The path as given. */
  readonly name: string;
  readonly checkpoint: Checkpoint;
  /** Total size of the weight files. */
  readonly fileBytes: number;
  /** SHA-256 of the weight files' bytes, hex. Shards are hashed in the order of their names. */
  hash(): Promise<string>;
  /** Closes the weight files; tensors can no longer be read. */
  close(): Promise<void>;
}

/** Bytes read at a time while hashing. */
const HASH_CHUNK_BYTES = 4 * 1024 * 1024;
/** The letters `GGUF`. */
const GGUF_MAGIC = [0x47, 0x47, 0x55, 0x46];

/**
 * Opens the model at a path: a folder, a .safetensors file (the files beside it are read too) or a .gguf file. Beside a
 * .gguf file, the other parts of a split model are read, and a tokenizer or a chat template that it lacks.
 * @throws HoldfastError `E_NOT_FOUND`, `E_UNREADABLE`, `E_UNKNOWN_FORMAT`, and what opening the format throws
 */
export async function openModel(path: string): Promise<ModelFiles> {
  const isFolder = await isDirectory(path);
  const weights = isFolder ? await findWeights(path) : await recognise(path);
  const { checkpoint, sources } = await openWeights(weights);
  try {
    const sideFiles = isFolder
      ? await readSideFilesOf(path)
      : await readSideFilesOf(
          dirname(path),
          checkpoint.format === 'gguf' ? filesFor(checkpoint.metadata) : SIDE_FILES,
        );
    return {
      name: path,
      checkpoint,
      ...sideFiles,
      fileBytes: sources.reduce((sum, source) => sum + source.size, 0),
      hash: once(() => hashOf(sources)),
      close: () => closeAll(sources),
    };
  } catch (error) {
    await closeAll(sources);
    throw error;
  }
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (cause) {
    throw readError(path, cause);
  }
}

/** Recognises a file's format by its first bytes. If they match neither format, its name decides. */
async function recognise(file: string): Promise<Weights> {
  const source = await fileSource(file);
  let start: Uint8Array;
  try {
    await refusePointer(source);
    start = await source.read(0, Math.min(source.size, 9));
  } finally {
    await source.close?.();
  }
  if (GGUF_MAGIC.every((byte, index) => start[index] === byte)) return ggufWeights(file);
  if (file.endsWith('.safetensors') || start[8] === 0x7b) return { kind: 'safetensors', file };
  // For a corrupt .gguf file, report the format's own error.
  if (file.endsWith('.gguf')) return { kind: 'gguf', file };
  const isZip = start[0] === 0x50 && start[1] === 0x4b;
  throw new HoldfastError(
    'E_UNKNOWN_FORMAT',
    `the file is ${isZip ? 'a PyTorch archive' : 'of an unknown format'}`,
    {
      file,
      hint: 'Give a .safetensors or .gguf file, or a folder that holds one',
    },
  );
}

async function openWeights(weights: Weights): Promise<{ checkpoint: Checkpoint; sources: ByteSource[] }> {
  const sources: ByteSource[] = [];
  const open = async (file: string): Promise<ByteSource> => {
    const source = await fileSource(file);
    sources.push(source);
    return source;
  };
  try {
    const checkpoint = await openCheckpoint(weights, open);
    sources.sort((a, b) => (a.name < b.name ? -1 : 1));
    return { checkpoint, sources };
  } catch (error) {
    await closeAll(sources);
    throw error;
  }
}

async function openCheckpoint(
  weights: Weights,
  open: (file: string) => Promise<ByteSource>,
): Promise<Checkpoint> {
  if (weights.kind === 'gguf') return openGguf(await open(weights.file));
  if (weights.kind === 'split') return openParts(weights.parts, open);
  if (weights.kind === 'safetensors') return openSafetensors(await open(weights.file));
  const { index } = weights;
  return openShardedSafetensors(index, await readText(index), (shard) => {
    if (shard !== basename(shard) || shard.includes('\\') || shard === '..' || shard === '') {
      throw new HoldfastError(
        'E_SAFETENSORS',
        `the shard name ${JSON.stringify(shard)} is not a plain file name`,
        {
          file: index,
          field: 'weight_map',
        },
      );
    }
    return open(join(dirname(index), shard));
  });
}

async function openParts(
  parts: readonly string[],
  open: (file: string) => Promise<ByteSource>,
): Promise<Checkpoint> {
  const sources: ByteSource[] = [];
  for (const [index, part] of parts.entries()) {
    try {
      sources.push(await open(part));
    } catch (error) {
      if (!(error instanceof HoldfastError) || error.code !== 'E_NOT_FOUND') throw error;
      throw new HoldfastError('E_NOT_FOUND', `part ${index + 1} of ${parts.length} of the model is missing`, {
        file: part,
        hint: 'Put all parts in one folder',
        cause: error,
      });
    }
  }
  return openSplitGguf(sources);
}

async function hashOf(sources: readonly ByteSource[]): Promise<string> {
  const hash = createHash('sha256');
  for (const source of sources) {
    for (let offset = 0; offset < source.size; offset += HASH_CHUNK_BYTES) {
      hash.update(await source.read(offset, Math.min(HASH_CHUNK_BYTES, source.size - offset)));
    }
  }
  return hash.digest('hex');
}

async function closeAll(sources: readonly ByteSource[]): Promise<void> {
  await Promise.all(sources.map((source) => source.close?.()));
}

/** Returns a function that does its work on the first call and remembers the result. */
function once<T>(work: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => {
    result ??= work();
    return result;
  };
}
