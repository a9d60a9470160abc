/**
 * Runs studies for commands: the progress line, and what Ctrl-C does. Knows studies and the terminal; must not know any
 * single command. Loaded only by commands that run studies.
 */
export { damageText } from './damage-text.js';
export { speedTexts } from './progress.js';
export { runShown } from './run-shown.js';
