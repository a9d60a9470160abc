/**
 * Writes files completely or not at all, and creates folders. Knows the file system; must not know what is written.
 */
export { makeFolder } from './make-folder.js';
export { checkWritable, writeWhole } from './write-whole.js';
