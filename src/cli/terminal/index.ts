/**
 * Output that commands share: colours, progress lines, byte counts, shares, error messages. Knows numbers and streams;
 * must not know any single command or its options.
 */
export { type Paint, painter, type Style, showsColours } from './colour.js';
export { commandName, quoted } from './command-name.js';
export { explain, oneLine } from './failure.js';
export { drawOver } from './live-line.js';
export { printBytes } from './print-bytes.js';
export { printable } from './printable.js';
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
