import type { TensorInfo } from './checkpoint.js';

/**
 * A tensor's bytes as they are stored; do not write into them.
 * @throws HoldfastError `E_UNREADABLE` when the source delivers fewer.
 */
export function readTensor(info: TensorInfo): Promise<Uint8Array> {
  return info.source.read(info.offset, info.byteLength);
}
