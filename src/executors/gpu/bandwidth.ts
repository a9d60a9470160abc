import { readAll } from '../../kernels/read-all.js';
import type { Device } from './device.js';
import { Profiler } from './profiler.js';
import { Recorder } from './recorder.js';
import { Step } from './step.js';

/** Larger than caches, and no great part of any GPU's memory. */
const BYTES = 256 * 2 ** 20;
const GROUPS = 2048;
const THREADS = 64;
const REPEATS = 5;

/**
 * Bytes a second that the device reads from its memory, measured when it is first asked for.
 * @throws HoldfastError `E_EXECUTOR` when there is no room for the buffer that is read; `E_UNSUPPORTED` without a clock
 */
export async function bandwidthOf(device: Device): Promise<number> {
  const { measured } = device;
  measured.bandwidth ??= await measure(device);
  return measured.bandwidth;
}

/** The best of a few times. */
async function measure(device: Device): Promise<number> {
  const bytes = Math.min(BYTES, device.largest);
  const step = await Step.compile(device, 'read all', readAll(THREADS, GROUPS));
  const buffers = await device.allocate('the bandwidth to be measured', () => [
    device.storage('what is read', bytes),
    device.storage('its sums', 4 * THREADS * GROUPS),
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

/** Milliseconds that a dispatch of a step takes. */
async function timeOf(device: Device, step: Step, buffers: readonly GPUBuffer[]): Promise<number> {
  const profiler = await Profiler.open(device);
  try {
    const refused = device.submit((encoder) => {
      const recorder = new Recorder(encoder, profiler);
      recorder.run(step, device, buffers, [GROUPS]);
      recorder.end();
      profiler.resolve(encoder);
    });
    await profiler.collect(refused);
    return profiler.kernels[0]!.ms;
  } finally {
    profiler.dispose();
  }
}
