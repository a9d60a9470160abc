import { ok, strictEqual } from 'node:assert';
import { HoldfastError } from '../dist-fuzz/errors.js';
import { byteLengthOf, dequantize, parseJson, readTensor } from '../dist-fuzz/formats/index.js';
import { decodeUtf8 } from '../dist-fuzz/utf8.js';

/** A source that, like a file, returns fresh memory for every read, and fails on a read past its end. */
export const strictSource = (bytes) => ({
  name: 'input',
  size: bytes.length,
  async read(offset, length) {
    const isInside =
      Number.isSafeInteger(offset) && offset >= 0 && length >= 0 && offset + length <= bytes.length;
    if (!isInside) throw new RangeError(`a read of ${length} bytes at ${offset} of ${bytes.length}`);
    return bytes.slice(offset, offset + length);
  },
});

/** Reads JSON as all readers of files do. @throws HoldfastError */
export const jsonOf = (bytes) =>
  parseJson(decodeUtf8(bytes, 'input'), (why) => new HoldfastError('E_UNREADABLE', why, { file: 'input' }));

/** Refuses an input that the code under test does not refuse by an error, or that a target cannot check. */
export function refuse(why) {
  throw new HoldfastError('E_UNREADABLE', why);
}

/** Checks that a file's tensors have bytes of their own, as many as their shapes need, and can be decoded. */
export async function checkTensors({ tensors }, bytes) {
  const isTaken = new Uint8Array(bytes.length);
  for (const info of tensors.values()) {
    const elements = info.shape.reduce((product, size) => product * size, 1);
    strictEqual(info.byteLength, byteLengthOf(info.type, elements));
    const own = isTaken.subarray(info.offset, info.offset + info.byteLength);
    strictEqual(own.length, info.byteLength);
    ok(!own.includes(1), 'tensors overlap');
    own.fill(1);
    const stored = await readTensor(info);
    if (info.type !== 'I64') strictEqual(dequantize(info.type, stored).length, elements);
  }
}
