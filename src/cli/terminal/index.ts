/**
 * The one way to the terminal, which lets no foreign control character through, and the one way to type: words that wrap,
 * signs of life, error messages, an editor of entries; and the signals that end a command. Knows text and streams; must not know models or any single command.
 */
export { commandName, quoted } from './command-name.js';
export { type Completion, completeName, completePath } from './editor/completion.js';
export { explain, oneLine } from './failure.js';
export { ask, canAsk, canType, openEditor } from './keyboard.js';
export { type LiveLine, showLive, tokensText } from './live-line.js';
export {
  columnsOf,
  endOnClosedPipe,
  type Output,
  type Paint,
  type Style,
  stderr,
  stdout,
} from './output.js';
export { printBytes } from './print-bytes.js';
export { printNames } from './print-names.js';
export { listenForSignals, SIGNAL_CODES, stopped } from './signals.js';
export { note, setVerbosity, verbosity } from './verbosity.js';
export { createWordWrap, wrapWords } from './word-wrap.js';
