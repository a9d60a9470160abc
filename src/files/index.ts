/**
 * Writes files completely or not at all, and creates folders. Knows the file system; must not know what is written.
 */
export { type GrowingFile, openGrowingFile } from './growing-file.js';
export { makeFolder } from './make-folder.js';
export { replaceFile, replaceFiles, TEMPORARY, temporaryName } from './replace-file.js';
export { syncFolder } from './sync-path.js';
export { unwritable } from './unwritable.js';
export { writeAll } from './write-all.js';
export { checkWritable, writeWhole } from './write-whole.js';
