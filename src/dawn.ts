import { HoldfastError } from './errors.js';

/** Kept for the life of the process: if the object is garbage-collected, Dawn crashes at exit. */
let dawn: Promise<GPU> | null = null;

/**
 * Opens WebGPU in Node: Dawn, from the package `webgpu`.
 * @throws HoldfastError `E_EXECUTOR` if the package does not support this platform
 */
export function openDawn(): Promise<GPU> {
  dawn ??= createDawn();
  return dawn;
}

async function createDawn(): Promise<GPU> {
  try {
    const { create } = await import('webgpu');
    // Dawn makes timestamps coarse to protect against web pages. That is not needed here.
    return create(['disable-dawn-features=timestamp_quantization']);
  } catch (cause) {
    dawn = null;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new HoldfastError('E_EXECUTOR', `WebGPU is not available in Node on this platform: ${why}`, {
      hint: 'Use the cpu executor',
      cause,
    });
  }
}
