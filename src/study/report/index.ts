/**
 * What a study found: tables, figures and pages from its records. Knows records, statistics and how to draw; must not
 * know models, nor how cells are run.
 */
export { analyse, type SliceAnalysis } from './analysis.js';
export type { AnalysisOptions } from './inference.js';
export { type ReportFile, type ReportOptions, reportFiles } from './report.js';
export type { ModelFacts, ReportedSpec, StudyResult } from './study-result.js';
