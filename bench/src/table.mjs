/** Tables of figures, and of ratios. A cell is `median (10th percentile)`. */

/** @typedef {import('./report.mjs').Report} Report */
/** @typedef {readonly (readonly string[])[]} Lines lines of cells, the headings first */

/**
 * Formats the report as text.
 *
 * @param {Report} report
 * @returns {string}
 */
export function formatText(report) {
  return tablesOf(report).map(align).join('\n\n');
}

/**
 * Formats the report as Markdown.
 *
 * @param {Report} report
 * @returns {string}
 */
export function formatMarkdown(report) {
  return tablesOf(report).map(markdown).join('\n\n');
}

/** @param {Report} report */
function tablesOf(report) {
  return report.ratios.length === 0 ? [figuresOf(report)] : [figuresOf(report), ratiosOf(report)];
}

/**
 * @param {Report} report
 * @returns {Lines} a row per metric, a column per subject
 */
function figuresOf({ subjects, rows }) {
  const hasPeer = subjects.some(({ isPeer }) => isPeer);
  return [
    ['median (p10)', ...subjects.map(({ title }) => title)],
    ...rows.map(({ title, unit, figures }) => [
      `${title}, ${unit}`,
      ...subjects.map(({ id }) => cell(figures[id], figureText)),
    ]),
    ...(hasPeer
      ? [['next token as the first column’s', ...subjects.map(({ agreement }) => percent(agreement))]]
      : []),
  ];
}

/**
 * @param {Report} report
 * @returns {Lines} a row per metric, a column per ratio, and one for its goal if it has goals
 */
function ratiosOf({ ratios, rows }) {
  return [
    [
      'ratio of medians (of p10)',
      ...ratios.flatMap(({ title, goal }) => (goal === null ? [title] : [title, 'goal'])),
    ],
    ...rows.map((row) => [
      row.title,
      ...row.ratios.flatMap((ratio, column) => {
        const text = cell(ratio, ratioText);
        const goal = ratio.goal === null ? '' : `≤ ${ratioText(ratio.goal)}`;
        return ratios[column].goal === null ? [text] : [text, goal];
      }),
    ]),
  ];
}

/**
 * @param {{ median: number, p10: number }} figure
 * @param {(value: number) => string} text
 */
function cell({ median, p10 }, text) {
  return `${text(median)} (${text(p10)})`;
}

/** Writes at least three significant digits. @param {number} value */
function figureText(value) {
  return value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0);
}

/** @param {number} value */
function ratioText(value) {
  return value.toFixed(2);
}

/** @param {number | undefined} fraction */
function percent(fraction) {
  return fraction === undefined ? '' : `${Math.round(fraction * 100)} %`;
}

/**
 * Aligns the cells of lines and puts a rule under the first line.
 *
 * @param {Lines} lines the first column flush left, the others flush right
 */
export function align(lines) {
  const widths = widthsOf(lines);
  const text = lines.map((line) =>
    line
      .map((item, column) => (column === 0 ? item.padEnd(widths[column]) : item.padStart(widths[column])))
      .join('  ')
      .trimEnd(),
  );
  const rule = widths.map((width) => '─'.repeat(width)).join('  ');
  return [text[0], rule, ...text.slice(1)].join('\n');
}

/** @param {Lines} lines */
function markdown(lines) {
  const widths = widthsOf(lines);
  const rule = widths.map((width) => '-'.repeat(width));
  return [lines[0], rule, ...lines.slice(1)]
    .map((line) => `| ${line.map((item, column) => item.padEnd(widths[column])).join(' | ')} |`)
    .join('\n');
}

/** @param {Lines} lines */
function widthsOf(lines) {
  return lines[0].map((_, column) => Math.max(...lines.map((line) => line[column].length)));
}
