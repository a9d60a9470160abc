/**
 * Turns a name into an opened model: downloads a model of the hub into the cache that is shared with Python, lists
 * small models, finds the weight files and the files beside them, and opens both. Knows paths, folders, Node's file
 * system and the hub's API. Must not know what a configuration or a tensor means, nor terminals.
 */

export { type CatalogueEntry, memoryBytes, readCatalogue } from './catalogue.js';
export { fileSource } from './file-source.js';
export { quantisationOf } from './gguf-names.js';
export { type CachedRepo, HubCache } from './hub-cache.js';
export { type HubSettings, hubSettings } from './hub-settings.js';
export { type LocateOptions, locateModel, pullModel } from './locate.js';
export { type HubName, hubNameText, isHubName, parseHubName } from './model-name.js';
export { type ModelFiles, openModel } from './open.js';
export type { PulledFile, PulledModel, PullProgress } from './pull.js';
export type { SideFiles } from './side-files.js';
