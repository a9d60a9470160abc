/**
 * Reads text files and folders, writes files completely or not at all, and creates folders. Knows the file system; must not know
 * what is read or written.
 */
export { type GrowingFile, openGrowingFile } from './growing-file.js';
export { makeFolder } from './make-folder.js';
export { namesIn, namesInNow } from './names-in.js';
export { bytesIfThere, readIfThere } from './read-if-there.js';
export { readText, readTextNow } from './read-text.js';
export { renameFile } from './rename-file.js';
export { replaceFile, replaceFiles } from './replace-file.js';
export { syncFolder } from './sync-path.js';
export { removeLeftovers, TEMPORARY, temporaryName } from './temporary-name.js';
export { textLines } from './text-lines.js';
export { unwritable } from './unwritable.js';
export { writeAll } from './write-all.js';
export { checkWritable, writeWhole } from './write-whole.js';
