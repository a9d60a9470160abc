import { deepStrictEqual } from 'node:assert';
import { encodeSafetensors, openSafetensors, readTensor } from '../../dist-fuzz/formats/index.js';
import { checkTensors, strictSource } from '../sources.mjs';

/** A safetensors file. What is read and written again is read as the same. */
export default {
  rooms: ['formats'],
  kind: 'text',
  seeds: () => [small(), small({ __proto__: 'a', format: 'pt' })],
  /** Most changes move the end of the header, which its first eight bytes state. */
  repair(bytes) {
    const end = bytes.lastIndexOf(0x7d) + 1;
    if (end < 9) return bytes;
    const repaired = bytes.slice();
    new DataView(repaired.buffer).setBigUint64(0, BigInt(end - 8), true);
    return repaired;
  },
  async run(bytes) {
    const first = await openSafetensors(strictSource(bytes));
    await checkTensors(first, bytes);
    const again = await openSafetensors(strictSource(await written(first)));
    deepStrictEqual(await plain(again), await plain(first));
  },
};

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
