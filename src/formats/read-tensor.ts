import type { TensorInfo } from './checkpoint.js';

/**
 * A tensor's bytes as they are stored; do not write into them.
 * @param rows along the first axis; all if not said
 * @throws HoldfastError `E_UNREADABLE` when the source delivers fewer.
 */
export function readTensor(
  info: TensorInfo,
  rows?: { readonly start: number; readonly end: number },
): Promise<Uint8Array> {
  if (rows === undefined) return info.source.read(info.offset, info.byteLength);
  const rowBytes = info.byteLength / info.shape[0]!;
  return info.source.read(info.offset + rows.start * rowBytes, (rows.end - rows.start) * rowBytes);
}
