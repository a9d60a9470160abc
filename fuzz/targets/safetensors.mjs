import { deepStrictEqual } from 'node:assert';
import { encodeSafetensors, openSafetensors, readTensor } from '../../dist-fuzz/formats/index.js';
import { checkTensors, strictSource } from '../sources.mjs';

/** A safetensors file. What is read and written again is read as the same. */
export default {
  rooms: ['formats'],
  kind: 'text',
  // Not a literal: there, the name would set the prototype.
  seeds: () => [small(), small(JSON.parse('{"__proto__":"a","format":"pt"}'))],
  /**
   * Most changes move the end of the header, which the first eight bytes state, and the end of the data, which the header
   * states.
   */
  repair(bytes) {
    const header = bytes.slice(Math.max(0, bytes.indexOf(0x7b)), bytes.lastIndexOf(0x7d) + 1);
    const data = bytes.subarray(bytes.lastIndexOf(0x7d) + 1);
    const repaired = new Uint8Array(8 + header.length + (dataBytes(header) ?? data.length));
    new DataView(repaired.buffer).setBigUint64(0, BigInt(header.length), true);
    repaired.set(header, 8);
    const place = repaired.subarray(8 + header.length);
    place.set(data.subarray(0, place.length));
    return repaired;
  },
  read: (bytes) => openSafetensors(strictSource(bytes)),
  async check(first, bytes) {
    await checkTensors(first, bytes);
    const again = await openSafetensors(strictSource(await written(first)));
    deepStrictEqual(await plain(again), await plain(first));
  },
};

/** Returns how many bytes of data a header states; null if it states none, or too many for an input. */
function dataBytes(header) {
  try {
    const ends = Object.values(JSON.parse(Buffer.from(header).toString())).map(
      ({ data_offsets }) => data_offsets?.[1] ?? 0,
    );
    const most = Math.max(0, ...ends);
    return Number.isInteger(most) && most < 4096 ? most : null;
  } catch {
    return null;
  }
}

function small(metadata = { format: 'pt' }) {
  const tensors = [
    { name: 'ids', type: 'I64', shape: [2], data: new BigInt64Array(2) },
    { name: 'weight', type: 'F32', shape: [2, 3], data: new Float32Array(6) },
    { name: 'empty', type: 'F32', shape: [0], data: new Float32Array(0) },
    { name: 'half', type: 'F16', shape: [3], data: new Uint16Array(3) },
  ];
  return new Uint8Array(Buffer.concat(encodeSafetensors(tensors, metadata)));
}

async function written({ tensors, metadata }) {
  const list = await Promise.all(
    [...tensors.values()].map(async (info) => ({ ...info, data: await readTensor(info) })),
  );
  return new Uint8Array(Buffer.concat(encodeSafetensors(list, Object.fromEntries(metadata))));
}

/** What a file says, without where it says it. */
const plain = async ({ tensors, metadata }) => ({
  metadata,
  tensors: await Promise.all(
    [...tensors.values()].map(async (info) => [
      info.name,
      info.type,
      info.shape,
      Buffer.from(await readTensor(info)),
    ]),
  ),
});
