/** Holdfast: measure how a language model's hold on its system prompt loosens, and tighten it. */
export { locateModel, parseHubName, pullModel } from './hub/index.js';
export * from './library.js';
export { EMBEDDED_MODEL, type ExecutorName, type LoadedModel, type LoadOptions, loadModel } from './load.js';
