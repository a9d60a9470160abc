import type { DataTable } from '../report/index.js';
import { analyse } from './analysis.js';
import { sliceName } from './slice-labels.js';
import type { StudyColumns } from './study-columns.js';
import type { StudyResult } from './study-result.js';
import { summaryTable } from './summary-table.js';

/** Returns the table that a study's report begins with, one for each model and source, named by them. */
export function briefTables(study: StudyResult | StudyColumns): DataTable[] {
  return analyse(study).map((analysis) => ({
    ...summaryTable(analysis, study.spec),
    title: sliceName(analysis.slice.labels),
  }));
}
