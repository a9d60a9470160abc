import { availableParallelism } from 'node:os';
import { Backend } from './backend.js';
import { checkKernels } from './golden-graph.js';
import type { BackendName } from './library.js';
import { probeDevice } from './probe.js';

/**
 * Loads the libraries of a backend and computes a small graph with them, to detect a broken installation. A device other
 * than the processor is tried in another process.
 * @returns ggml's version and commit, and the device: which library for the processor was picked, and how many threads it
 * gets unless the user says otherwise; or the device's name
 * @throws HoldfastError `E_EXECUTOR`
 */
export function examineGgml(name: BackendName): Promise<string> {
  return name === 'cpu' ? describeBackend(name) : probeDevice(name, null);
}

/** Does what {@link examineGgml} does in this process. */
export async function describeBackend(name: BackendName): Promise<string> {
  const backend = Backend.open(1, name);
  const { ggml, variant } = backend;
  try {
    await checkKernels(backend);
    const device = backend.isProcessor
      ? `its ${variant} library for this processor, up to ${availableParallelism()} threads`
      : variant;
    return `ggml ${ggml.version()} (${ggml.commit()}), ${device}`;
  } finally {
    backend.dispose();
  }
}
