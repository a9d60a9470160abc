import { HoldfastError, messageOf } from './errors.js';
import { stderrCatcher } from './native-stderr.js';
import { tellNotes } from './notes.js';

/** Kept for the life of the process: if the object is garbage-collected, Dawn crashes at exit. */
let dawn: Promise<GPU> | null = null;

/**
 * Opens WebGPU in Node: Dawn, from the package `webgpu`. What Dawn and the drivers write while they look for a GPU is
 * kept back: they also warn of GPUs that are not taken, with places in their sources. If none is found, a note has the
 * warnings.
 * @throws HoldfastError `E_EXECUTOR` if the package does not support this platform
 */
export function openDawn(): Promise<GPU> {
  dawn ??= createDawn();
  return dawn;
}

async function createDawn(): Promise<GPU> {
  try {
    const { create } = await import('webgpu');
    const caught = await stderrCatcher();
    // Dawn makes timestamps coarse to protect against web pages. That is not needed here.
    const { result: gpu, written } = caught(() => create(['disable-dawn-features=timestamp_quantization']));
    const requestAdapter: GPU['requestAdapter'] = async (options) => {
      // Dawn looks for the GPU before this call returns; the promise only passes it on.
      const request = caught(() => gpu.requestAdapter(options));
      const adapter = await request.result;
      if (adapter === null) tellNotes(warningsIn(written + request.written));
      return adapter;
    };
    return new Proxy(gpu, {
      get(target, name) {
        if (name === 'requestAdapter') return requestAdapter;
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  } catch (cause) {
    dawn = null;
    const why = messageOf(cause);
    throw new HoldfastError('E_EXECUTOR', `WebGPU is not available in Node on this platform: ${why}`, {
      hint: 'Use the cpu executor',
      cause,
    });
  }
}

/** Returns Dawn's warnings as notes, each without the lines that say where in Dawn it comes from. */
export function warningsIn(written: string): string[] {
  return [...written.matchAll(/^Warning: (.+)$/gm)].map(
    ([, warning]) => `Dawn, the WebGPU of Node, warns: ${warning}`,
  );
}
