/**
 * The one way to the terminal, which lets no foreign control character through, and what commands write there: byte
 * counts, downloads, shares, error messages. Knows numbers and streams; must not know any single command or its options.
 */
export { commandName, quoted } from './command-name.js';
export { type Completion, completeName, completePath } from './editor/completion.js';
export { explain, oneLine } from './failure.js';
export { ask, canAsk, canType, openEditor } from './keyboard.js';
export { type LiveLine, showLive, tokensText } from './live-line.js';
export {
  endOnClosedPipe,
  type Output,
  type Paint,
  type Style,
  stderr,
  stdout,
} from './output.js';
export { printBytes } from './print-bytes.js';
export { printNames } from './print-names.js';
export { createPullView } from './pull-view.js';
export { BAR_SCALE, comparedLine, shareLine, shareText } from './share-lines.js';
export {
  createRoleMeter,
  groupName,
  layerGroups,
  layerMeans,
  type RoleMeter,
  type RoleShares,
  shareTable,
} from './share-table.js';
export { createWordWrap, wrapWords } from './word-wrap.js';
