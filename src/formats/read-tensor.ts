import type { TensorInfo } from './checkpoint.js';

/**
 * Reads a tensor's stored bytes. Do not write to the result.
 * @param rows range along the first axis (default: all rows)
 * @throws HoldfastError `E_UNREADABLE` if the source delivers fewer bytes
 */
export function readTensor(
  info: TensorInfo,
  rows?: { readonly start: number; readonly end: number },
): Promise<Uint8Array> {
  if (rows === undefined) return info.source.read(info.offset, info.byteLength);
  const rowBytes = info.byteLength / info.shape[0]!;
  return info.source.read(info.offset + rows.start * rowBytes, (rows.end - rows.start) * rowBytes);
}
