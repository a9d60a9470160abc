/** The ggml executor: llama.cpp's kernels under a graph of our own. It needs Node and ggml's libraries. */
export { examineGgml } from './examine.js';
export { createGgmlExecutor } from './executor.js';
export { ggmlHolder } from './holder.js';
export type { BackendName } from './library.js';
