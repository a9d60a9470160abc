import { csvOf, type DataTable, specSvg } from '../report/index.js';
import { analyse } from './analysis.js';
import { pooledTable } from './comparison-tables.js';
import { reportedContrasts } from './contrasts.js';
import { figuresOf } from './figures.js';
import { type AnalysisOptions, createInference } from './inference.js';
import { pooledEffects } from './pooled.js';
import { reportMarkdown } from './report-markdown.js';
import { reportPage } from './report-page.js';
import type { ReportedSlice } from './reported-slice.js';
import type { SliceLabels } from './slice-labels.js';
import { columnsOf, type StudyColumns } from './study-columns.js';
import type { StudyResult } from './study-result.js';
import { tablesOf } from './tables.js';

/** Options of {@link reportFiles}. */
export interface ReportOptions extends AnalysisOptions {
  /** The largest number of dialogues of each model and source in the page; default: 24. */
  readonly dialogues?: number;
}

/** A file of a report: its path in the report's folder, with `/`, and its content. */
export interface ReportFile {
  readonly path: string;
  readonly text: string;
}

/**
 * Returns the files of a study's report: `index.html`, `report.md`, `figures/*.svg`, each with its Vega-Lite
 * specification, and `tables/*.csv`. The same records give the same bytes.
 */
export async function reportFiles(
  given: StudyResult | StudyColumns,
  { dialogues = 24, ...options }: ReportOptions = {},
): Promise<ReportFile[]> {
  const study = columnsOf(given);
  const versions = Object.entries(study.versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(', ');
  const analyses = analyse(study, options);
  const names = fileNames(analyses.map(({ slice }) => slice.labels));
  const slices = analyses.map(
    (analysis, at): ReportedSlice => ({
      name: names[at]!,
      analysis,
      figures: figuresOf(analysis, study.spec, versions),
      tables: tablesOf(analysis, study.spec),
    }),
  );
  const pooled = pooledEffects(
    analyses.map(({ slice }) => slice),
    study.spec,
    reportedContrasts(study),
    createInference(options),
  );
  const overModels = [pooledTable(pooled, study.spec)].filter(({ rows }) => rows.length > 0);
  const files: ReportFile[] = [
    { path: 'index.html', text: await reportPage(study, slices, overModels, dialogues) },
    { path: 'report.md', text: reportMarkdown(study, slices, overModels) },
    ...[...joinedTables(slices), ...overModels].map((table) => ({
      path: `tables/${table.name}.csv`,
      text: csvOf(table),
    })),
  ];
  for (const slice of slices) {
    for (const { name, spec } of slice.figures) {
      const drawn = spec('paper');
      const path = `figures/${slice.name}-${name}`;
      files.push({ path: `${path}.vl.json`, text: `${JSON.stringify(drawn, null, 2)}\n` });
      files.push({ path: `${path}.svg`, text: `${await specSvg(drawn)}\n` });
    }
  }
  return files;
}

/** Returns a file name for each model and source; equal names get a number. */
function fileNames(labels: readonly SliceLabels[]): string[] {
  const plain = labels.map(
    ({ model, source }) =>
      `${model}-${source}`
        .toLowerCase()
        .replace(/[^a-z0-9]+/g, '-')
        .replace(/^-+|-+$/g, '') || 'slice',
  );
  return plain.map((name, at) => (plain.indexOf(name) === at ? name : `${name}-${at + 1}`));
}

/** Joins the tables of all slices, one for each name; the first columns name the slice. */
function joinedTables(slices: readonly ReportedSlice[]): DataTable[] {
  const names = [...new Set(slices.flatMap(({ tables }) => tables.map(({ name }) => name)))];
  return names.flatMap((name) => {
    const parts = slices.flatMap(({ analysis, tables }) =>
      tables
        .filter((table) => table.name === name)
        .map((table) => ({ labels: analysis.slice.labels, table })),
    );
    const columns = widest(parts.map(({ table }) => table));
    const labels = ['model', 'executor', 'precision', 'source'] as const;
    return [
      {
        ...parts[0]!.table,
        columns: [...labels.map((label) => ({ name: label, heading: label })), ...columns],
        rows: parts.flatMap((part) =>
          part.table.rows.map((row) => [
            ...labels.map((label) => part.labels[label]),
            ...columns.map((column) => {
              const place = part.table.columns.findIndex((own) => own.name === column.name);
              return place < 0 ? null : row[place]!;
            }),
          ]),
        ),
      },
    ];
  });
}

/** Returns the columns of all tables, each once: a slice may lack a measure that another has. */
function widest(tables: readonly DataTable[]): DataTable['columns'] {
  const byName = new Map(tables.flatMap(({ columns }) => columns.map((column) => [column.name, column])));
  return [...byName.values()];
}
