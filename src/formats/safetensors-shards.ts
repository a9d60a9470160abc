import type { ByteSource } from './bytes.js';
import type { Checkpoint, MetadataValue, TensorInfo } from './checkpoint.js';
import { JsonError, JsonScanner } from './json-scanner.js';
import { refusePointerText } from './lfs-pointer.js';
import { quote } from './quote.js';
import { openSafetensors, safetensorsError } from './safetensors.js';

/**
 * Opens a model whose tensors are spread over several files, listed in a `model.safetensors.index.json`.
 * @param name the path or URL of the index, for errors
 * @param index the text of the index: `{"weight_map": {tensor: shard file}}`
 * @param openShard opens a shard by its name in the index. The index is not trusted: `openShard` must refuse names that
 * lead out of the model's folder.
 * @throws HoldfastError as `openSafetensors` does, and `E_SAFETENSORS` if index and shards disagree
 */
export async function openShardedSafetensors(
  name: string,
  index: string,
  openShard: (shard: string) => Promise<ByteSource>,
): Promise<Checkpoint> {
  const weightMap = parseIndex(name, index);
  const tensors = new Map<string, TensorInfo>();
  const metadata = new Map<string, MetadataValue>();
  // One at a time: if a shard fails, no other is still being opened, and the caller can close all of them.
  for (const shard of [...new Set(weightMap.values())].sort()) {
    const checkpoint = await openSafetensors(await openShard(shard));
    for (const info of checkpoint.tensors.values()) {
      const home = weightMap.get(info.name);
      if (home !== shard) {
        const where = home === undefined ? 'does not list it' : `puts it in ${quote(home)}`;
        throw safetensorsError(
          checkpoint.name,
          `the shard holds tensor ${quote(info.name)}, but the index ${where}`,
          'weight_map',
        );
      }
      tensors.set(info.name, info);
    }
    for (const [key, value] of checkpoint.metadata) metadata.set(key, value);
  }
  for (const [tensor, shard] of weightMap) {
    if (!tensors.has(tensor)) {
      const hint = 'Download the model again: index and shards are of different versions';
      throw safetensorsError(
        name,
        `shard ${quote(shard)} lacks tensor ${quote(tensor)}`,
        'weight_map',
        undefined,
        hint,
      );
    }
  }
  return { format: 'safetensors', name, tensors, metadata };
}

/**
 * Returns the names of the shards in an index, sorted.
 * @throws HoldfastError `E_SAFETENSORS` if the text is not an index
 */
export function shardNames(name: string, index: string): string[] {
  return [...new Set(parseIndex(name, index).values())].sort();
}

/** Returns the shard of each tensor. The index may have other keys beside `weight_map`. */
function parseIndex(name: string, text: string): ReadonlyMap<string, string> {
  refusePointerText(text, name);
  const scanner = new JsonScanner(text);
  const weightMap = new Map<string, string>();
  try {
    scanner.object((key) => {
      if (key === 'weight_map') scanner.object((tensor) => weightMap.set(tensor, scanner.string()));
      else scanner.skip();
    });
    scanner.end();
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    throw safetensorsError(
      name,
      error.what,
      'index',
      new TextEncoder().encode(text.slice(0, error.position)).length,
    );
  }
  if (weightMap.size === 0) throw safetensorsError(name, 'the index lists no tensors', 'weight_map');
  return weightMap;
}
