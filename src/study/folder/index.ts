/**
 * The results folder of a study: its files and cells, exports to JSONL and Parquet, locks, and merging. Knows plans and
 * records; must not know how cells are computed.
 */
export { ADDRESS_AT, ADDRESS_LENGTH, decodeCellFile } from './cell-file.js';
export { openCells } from './cell-reader.js';
export { exportResults, readRecords, readResults } from './export.js';
export {
  alone,
  cellText,
  findCellBytes,
  hasCells,
  keepCell,
  keepTimings,
  lockGroup,
  openFolder,
  readCell,
  readTimings,
  type StudyFolder,
  setAside,
} from './folder.js';
export { type MergeSummary, mergeStudies } from './merge.js';
export { packShard } from './pack-cells.js';
export {
  checkFolder,
  type FirstRun,
  type KeptStudy,
  keepStudy,
  plannedCells,
  readStudy,
  readStudyFile,
  type StudyFile,
  type StudyOrigin,
  studyPath,
} from './study-file.js';
export { exportStudy, type Survey, type SurveyRow, surveyStudy } from './survey.js';
export { watchStudy } from './watch.js';
