/**
 * This room turns a name into an opened model: it finds the weight files and what lies beside them, and opens
 * both. It knows paths, folders and Node's file system. It must not know what a configuration or a tensor means.
 */

export { fileSource } from './file-source.js';
export { type ModelFiles, openModel } from './open.js';
export type { SideFiles } from './side-files.js';
