import { openDawn } from '../../src/dawn.js';
import { describeGpu, type GpuFound } from '../../src/executors/gpu/index.js';

/** The adapter that tests of the gpu executor run on; null: none, and they are skipped. */
export const gpuFound: GpuFound | null = await openDawn()
  .then(describeGpu)
  .catch(() => null);

/** In the names of tests, so that it stands in their report what they ran on. */
export const gpuName = gpuFound === null ? 'no adapter' : gpuFound.name;
