import { HoldfastError } from '../errors.js';
import type { ByteSource } from './bytes.js';
import type { Checkpoint, TensorInfo } from './checkpoint.js';
import { readGguf } from './gguf.js';
import { quote } from './quote.js';

/**
 * Opens a model that llama.cpp's `gguf-split` split into several files. Every part states its number from 0
 * (`split.no`), the number of parts (`split.count`) and the number of tensors in all parts (`split.tensors.count`).
 * Only the first part has the model's own metadata.
 * @param sources all parts, in order
 * @throws HoldfastError as `openGguf` does for each part, and `E_GGUF` if they are not the parts of one model
 */
export async function openSplitGguf(sources: readonly ByteSource[]): Promise<Checkpoint> {
  const parts: Checkpoint[] = [];
  for (const source of sources) parts.push(await readGguf(source));
  const first = parts[0];
  if (first === undefined) throw new RangeError('a split model has at least one part');
  const tensors = new Map<string, TensorInfo>();
  for (const [number, part] of parts.entries()) {
    requireValue(part, 'split.count', parts.length);
    requireValue(part, 'split.no', number);
    requireValue(part, 'split.tensors.count', first.metadata.get('split.tensors.count'));
    for (const tensor of part.tensors.values()) {
      const home = tensors.get(tensor.name)?.source.name;
      if (home !== undefined) throw splitError(part, quote(tensor.name), `the tensor is also in ${home}`);
      tensors.set(tensor.name, tensor);
    }
  }
  const stated = first.metadata.get('split.tensors.count');
  if (stated !== tensors.size) {
    const what = `the parts hold ${tensors.size} tensors, expected ${print(stated)}`;
    throw splitError(first, 'split.tensors.count', what);
  }
  const notes = parts.flatMap((part) => part.notes ?? []);
  return { format: 'gguf', name: first.name, tensors, metadata: first.metadata, notes };
}

function requireValue(part: Checkpoint, field: string, expected: unknown): void {
  const stated = part.metadata.get(field);
  if (stated === expected) return;
  throw splitError(part, field, `found ${print(stated)}, expected ${print(expected)}`);
}

function splitError(part: Checkpoint, field: string, what: string): HoldfastError {
  return new HoldfastError('E_GGUF', what, {
    file: part.name,
    field,
    hint: 'The files are not the parts of one model: download them again',
  });
}

const print = (value: unknown): string => (typeof value === 'number' ? `${value}` : 'not a number');
