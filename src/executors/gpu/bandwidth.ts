import { readAll } from '../../kernels/read-all.js';
import { Commands, encode } from './commands.js';
import type { Device } from './device.js';
import { Profiler } from './profiler.js';
import { Step } from './step.js';

/** Larger than the caches, but a small part of any GPU's memory. */
const BYTES = 256 * 2 ** 20;
const GROUPS = 2048;
const THREADS = 64;
const REPEATS = 5;

/**
 * Returns the device's memory bandwidth for reading, in bytes per second. Measures it on the first call.
 * @throws HoldfastError `E_EXECUTOR` if there is no memory for the buffer; `E_UNSUPPORTED` if the device cannot time
 * dispatches
 */
export async function bandwidthOf(device: Device): Promise<number> {
  const { measured } = device;
  measured.bandwidth ??= await measure(device);
  return measured.bandwidth;
}

/** Measures the bandwidth several times and returns the best. */
async function measure(device: Device): Promise<number> {
  const bytes = Math.min(BYTES, device.largest);
  const step = await Step.compile(device, 'read all', readAll(THREADS, GROUPS));
  const buffers = await device.allocate('the bandwidth measurement', () => [
    device.storage('the bandwidth buffer', bytes),
    device.storage('the sums of the bandwidth buffer', 4 * THREADS * GROUPS),
  ]);
  try {
    let best = Number.POSITIVE_INFINITY;
    for (let repeat = 0; repeat < REPEATS; repeat++)
      best = Math.min(best, await timeOf(device, step, buffers));
    return bytes / (best / 1000);
  } finally {
    for (const buffer of buffers) device.free(buffer);
  }
}

/** Returns the milliseconds that a dispatch of a step takes. */
async function timeOf(device: Device, step: Step, buffers: readonly GPUBuffer[]): Promise<number> {
  const profiler = await Profiler.open(device);
  try {
    const commands = new Commands();
    commands.run(step, device, buffers, [GROUPS]);
    const refused = device.submit((encoder) => {
      encode(commands.all, encoder, profiler);
      profiler.resolve(encoder);
    });
    await profiler.collect(refused);
    return profiler.kernels[0]!.ms;
  } finally {
    profiler.dispose();
  }
}
