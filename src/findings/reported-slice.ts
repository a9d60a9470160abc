import type { DataTable } from '../report/index.js';
import type { SliceAnalysis } from './analysis.js';
import type { ReportFigure } from './figures.js';

/** A slice with all that is shown of it. */
export interface ReportedSlice {
  /** Of its files: letters, digits and hyphens, unlike any other slice's. */
  readonly name: string;
  readonly analysis: SliceAnalysis;
  readonly figures: readonly ReportFigure[];
  readonly tables: readonly DataTable[];
}
