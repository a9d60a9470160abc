import { HoldfastError } from './errors.js';

/** Kept for the life of the process: when the object is collected, Dawn crashes at exit. */
let dawn: Promise<GPU> | null = null;

/**
 * WebGPU in Node: Dawn, from the package `webgpu`.
 * @throws HoldfastError `E_EXECUTOR` where the package has nothing for this platform
 */
export function openDawn(): Promise<GPU> {
  dawn ??= createDawn();
  return dawn;
}

async function createDawn(): Promise<GPU> {
  try {
    const { create } = await import('webgpu');
    // Web pages are told the time in coarse steps; here nobody is to be hidden from.
    return create(['disable-dawn-features=timestamp_quantization']);
  } catch (cause) {
    dawn = null;
    const said = cause instanceof Error ? cause.message : String(cause);
    throw new HoldfastError('E_EXECUTOR', `WebGPU is not to be had in Node on this platform: ${said}`, {
      hint: 'Use the cpu executor',
      cause,
    });
  }
}
