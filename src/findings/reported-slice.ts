import type { DataTable } from '../report/index.js';
import type { SliceAnalysis } from './analysis.js';
import type { ReportFigure } from './figure-parts.js';

/** A slice with its analysis, figures and tables. */
export interface ReportedSlice {
  /** The unique name of its files: letters, digits and hyphens. */
  readonly name: string;
  readonly analysis: SliceAnalysis;
  readonly figures: readonly ReportFigure[];
  readonly tables: readonly DataTable[];
}
