/**
 * The OpenAI API over the library's models: routes, requests and their limits, who may use it, models and caches on demand.
 * And the studio's page with its operations, beside the API or alone.
 * It knows HTTP. What an answer is, and how it is computed, is decided in the rooms above; it must not know arguments or
 * terminals.
 */
export { createApp, type ServerOptions } from './app.js';
export { isLoopback, readHost, readOrigin } from './guard.js';
export { listen } from './listen.js';
export { ModelShelf, type ShelfEntry } from './model-shelf.js';
export type { LogEntry } from './respond.js';
export { type ServingOptions, serveModel } from './served-model.js';
export { createStudioApp } from './studio.js';
export { StudioHosts } from './studio-hosts.js';
export { shelfModels } from './studio-models.js';
export { readStudioPage } from './studio-page.js';
export { Workload } from './workload.js';
