import { expect, it } from 'vitest';
import type { DecoderShape } from '../contract/index.js';
import type { Device } from './device.js';
import { PART_MS, Pace } from './pace.js';
import { GpuSequence } from './sequence.js';

it('copies the cache of a long dialogue into larger buffers in parts of 50 ms, each byte once', () => {
  const device = {
    largest: 2 ** 30,
    storage: (_: string, size: number) => ({ size }),
    uniform: () => ({}),
    free() {},
  } as unknown as Device;
  // Of an 8B model: 4.3 GB after 32,768 tokens.
  const shape = { layers: 32, heads: 32, kvHeads: 8, headDim: 128 } as DecoderShape;
  const tokens = 32_768;
  const sequence = new GpuSequence({}, device, shape, 2 * tokens);
  sequence.adopt(sequence.larger(tokens)!);
  sequence.extend(tokens);
  const { all } = sequence.copies(sequence.larger(tokens + 1)!);
  const written = new Map<GPUBuffer, number>();
  for (const command of all) {
    if (command.kind === 'copy') written.set(command.to, (written.get(command.to) ?? 0) + command.bytes);
  }
  expect([...written.values()]).toEqual(Array(2 * 32).fill(8 * 128 * 4 * tokens));
  const pace = new Pace();
  let parts = 0;
  for (let start = 0; start < all.length; parts++) {
    const part = pace.part(all, start);
    expect(part.ms).toBeLessThanOrEqual(PART_MS);
    start = part.end;
  }
  // .4 s at 20 GB/s, as each byte is read and written.
  expect(parts).toBe(18);
});
