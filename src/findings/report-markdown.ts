import { type DataTable, markdownTable, readableTable } from '../report/index.js';
import { comparisonFindings } from './comparison-words.js';
import { coverageWords, planWords, sampleWords } from './gaps.js';
import { influenceFindings } from './influence-words.js';
import { checkPlan, planCheckWords, planStanding } from './plan-check.js';
import { provenance } from './provenance.js';
import type { ReportedSlice } from './reported-slice.js';
import { sliceName } from './slice-labels.js';
import type { StudyColumns } from './study-columns.js';
import { INTERVALS } from './tables.js';
import { findings, headline } from './words.js';

/** Tables that are too long for a text and are linked as CSV. */
const LONG = [
  'kept',
  'kl-rounds',
  'influence-rounds',
  'influence-total-rounds',
  'rounds',
  'attention',
  'heads',
];

/**
 * Returns the report as Markdown: findings, links to figures, and tables.
 * @param overModels tables over all slices
 */
export function reportMarkdown(
  study: StudyColumns,
  slices: readonly ReportedSlice[],
  overModels: readonly DataTable[],
): string {
  const { spec } = study;
  const analyses = slices.map(({ analysis }) => analysis);
  return [
    `# ${escaped(spec.name)}`,
    ...(spec.question === null ? [] : [`*${escaped(spec.question)}*`]),
    `${planStanding(checkPlan(study))}: see [what was run](#what-was-run).`,
    ...planWords(study).map(escaped),
    ...slices.flatMap(({ name, analysis, figures, tables }) => [
      `## ${escaped(sliceName(analysis.slice.labels))}`,
      `**${escaped(headline(analysis, spec))}**`,
      sampleWords(analysis.slice.sample).map(escaped).join(' '),
      ...tables.filter(({ name }) => name === 'summary').flatMap((table) => tableText(table, '###')),
      [
        ...findings(analysis, spec),
        ...comparisonFindings(analysis, spec),
        ...influenceFindings(analysis, spec),
      ]
        .map((line) => `- ${escaped(line)}`)
        .join('\n'),
      ...coverageWords(analysis.slice).map(escaped),
      ...figures.map(
        (figure) => `![${figure.name}](figures/${name}-${figure.name}.svg)\n\n${escaped(figure.caption)}`,
      ),
      INTERVALS,
      ...tables
        .filter(({ name }) => name !== 'summary' && !LONG.includes(name))
        .flatMap((table) => tableText(table, '###')),
      `Longer tables: ${LONG.filter((name) => tables.some((table) => table.name === name))
        .map((table) => `[${table}](tables/${table}.csv)`)
        .join(', ')}.`,
    ]),
    ...overModels.flatMap((table) => tableText(table, '##')),
    '## What was run',
    escaped(planCheckWords(checkPlan(study))),
    provenance(study, analyses)
      .map(([name, value]) => `- ${escaped(name)}: ${escaped(value)}`)
      .join('\n'),
  ]
    .filter((part) => part !== '')
    .map((part) => `${part}\n`)
    .join('\n');
}

function tableText(table: DataTable, heading: string): string[] {
  const readable = readableTable(table);
  return [`${heading} ${escaped(table.title)}`, markdownTable(readable).trimEnd(), escaped(readable.note)];
}

/** Escapes the characters that Markdown gives a meaning. */
function escaped(text: string): string {
  return text.replace(/[\\`*_<>[\]#|]/g, '\\$&');
}
