/**
 * Formats the report as text. Each row is a metric: the figures of each subject, then ours ÷ the better peer figure, and
 * the goal. A cell is `median (10th percentile)`.
 *
 * @param {import('./report.mjs').Report} report
 * @returns {string}
 */
export function formatTable({ subjects, rows }) {
  const compared = subjects.filter(({ id }) => rows.some(({ ratios }) => id in ratios));
  const header = [
    'median (p10)',
    ...subjects.map(({ title }) => title),
    ...compared.map(({ title }) => `${title} ÷`),
    ...(compared.length > 0 ? ['goal'] : []),
  ];
  const body = rows.map(({ title, unit, digits, goal, figures, ratios }) => [
    `${title}, ${unit}`,
    ...subjects.map(({ id }) => cell(figures[id], digits)),
    ...compared.map(({ id }) => cell(ratios[id], 2)),
    ...(compared.length > 0 ? [goal === null ? '' : `≤ ${goal.toFixed(2)}`] : []),
  ]);
  const agreements = [
    'next token as the first peer’s',
    ...subjects.map(({ agreement }) => (agreement === null ? '' : `${Math.round(agreement * 100)} %`)),
  ];
  const hasPeer = subjects.some(({ isPeer }) => isPeer);
  return align([header, ...body, ...(hasPeer ? [pad(agreements, header.length)] : [])]);
}

/**
 * @param {{ median: number, p10: number }} figure
 * @param {number} digits
 */
function cell({ median, p10 }, digits) {
  return `${median.toFixed(digits)} (${p10.toFixed(digits)})`;
}

/**
 * @param {readonly string[]} row
 * @param {number} length
 */
function pad(row, length) {
  return [...row, ...Array(length - row.length).fill('')];
}

/**
 * Aligns the cells of lines and puts a rule under the first line.
 *
 * @param {readonly (readonly string[])[]} lines the first column flush left, the others flush right
 */
export function align(lines) {
  const widths = lines[0].map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  const text = lines.map((line) =>
    line
      .map((item, column) => (column === 0 ? item.padEnd(widths[column]) : item.padStart(widths[column])))
      .join('  ')
      .trimEnd(),
  );
  const rule = widths.map((width) => '─'.repeat(width)).join('  ');
  return [text[0], rule, ...text.slice(1)].join('\n');
}
