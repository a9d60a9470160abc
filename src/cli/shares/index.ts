/**
 * How commands show shares: the line under an answer and the table of all parts of a dialogue. Knows turns and shares;
 * must not know any single command.
 */
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
