/**
 * A trace as one page that opens without a server: what it shows, which of a trace's numbers it has room for, and the file.
 * Knows traces and the studio's groups; must not know models or commands. The page's program is in `studio/src/trace`.
 */
export { writeTracePage } from './page-file.js';
export { fitsAttention } from './read-page.js';
