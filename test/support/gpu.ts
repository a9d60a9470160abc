import { openDawn } from '../../src/dawn.js';
import { HoldfastError } from '../../src/errors.js';
import { describeGpu, type GpuFound } from '../../src/executors/gpu/index.js';

/** The adapter that tests of the gpu executor run on; null: none, and they are skipped. */
export const gpuFound: GpuFound | null = await find();

async function find(): Promise<GpuFound | null> {
  try {
    return await describeGpu(await openDawn());
  } catch (error) {
    // A platform that Dawn is not built for; anything else is a failure of ours.
    if (error instanceof HoldfastError && error.code === 'E_EXECUTOR') return null;
    throw error;
  }
}

/** In the names of tests, so that it stands in their report what they ran on. */
export const gpuName = gpuFound === null ? 'no adapter' : gpuFound.name;
