import { HoldfastError } from '../errors.js';
import type { ByteSource } from './bytes.js';
import type { Checkpoint, TensorInfo } from './checkpoint.js';
import { readGguf } from './gguf.js';
import { quote } from './quote.js';

/**
 * Opens a model that llama.cpp's `gguf-split` cut into several files. Every part names its number from 0 (`split.no`),
 * how many there are (`split.count`) and how many tensors all of them hold (`split.tensors.count`); the model's own
 * metadata stands in the first part alone.
 * @param sources all parts, in their order
 * @throws HoldfastError as `openGguf` does of each part, and `E_GGUF` when they are not the parts of one model
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
      if (home !== undefined) throw splitError(part, quote(tensor.name), `the tensor stands in ${home} too`);
      tensors.set(tensor.name, tensor);
    }
  }
  const stated = first.metadata.get('split.tensors.count');
  if (stated !== tensors.size) {
    const what = `the parts hold ${tensors.size} tensors, they should hold ${print(stated)}`;
    throw splitError(first, 'split.tensors.count', what);
  }
  return { format: 'gguf', name: first.name, tensors, metadata: first.metadata };
}

function requireValue(part: Checkpoint, field: string, expected: unknown): void {
  const stated = part.metadata.get(field);
  if (stated === expected) return;
  throw splitError(part, field, `it is ${print(stated)}, of these parts it should be ${print(expected)}`);
}

function splitError(part: Checkpoint, field: string, what: string): HoldfastError {
  return new HoldfastError('E_GGUF', what, {
    file: part.name,
    field,
    hint: 'The files are not the parts of one model: fetch them again',
  });
}

const print = (value: unknown): string => (typeof value === 'number' ? `${value}` : 'not a number');
