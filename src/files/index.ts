/**
 * Files that are written whole or not at all, and folders that are made for them. Knows the file system; must not know what
 * is written.
 */
export { makeFolder } from './make-folder.js';
export { checkWritable, writeWhole } from './write-whole.js';
