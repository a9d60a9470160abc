import { Backend } from './backend.js';
import { checkKernels } from './golden-graph.js';

/**
 * Loads the libraries and computes a small graph with them, to detect a broken installation.
 * @returns ggml's version, and which of its libraries for different processors runs here
 * @throws HoldfastError `E_EXECUTOR`
 */
export async function examineGgml(): Promise<string> {
  const backend = Backend.open(1);
  try {
    await checkKernels(backend);
    return `ggml ${backend.ggml.version()}, ${backend.variant}`;
  } finally {
    backend.dispose();
  }
}
