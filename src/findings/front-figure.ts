import { frontChartSpec } from '../report/index.js';
import { closed, type ReportFigure } from './figure-parts.js';
import type { Trade } from './front.js';

/** What a figure of benefits against costs says. */
interface FrontWords {
  /** The base name of its files. */
  readonly name: string;
  readonly caption: string;
  readonly title: string;
  /** The label of its vertical axis. */
  readonly benefit: string;
  /** The name of the arm that the others are compared with. */
  readonly baseline: string;
  readonly source: string;
}

/** Draws benefits against KL divergence, with the Pareto front; null for fewer than two arms. */
export function frontFigure(
  trades: readonly Trade[],
  { name, caption, title, benefit, baseline, source }: FrontWords,
): ReportFigure | null {
  if (trades.length < 2) return null;
  const drawn = {
    title,
    subtitle:
      'The dashed line is the Pareto front by values. Solid lines are 95 % intervals. Filled: on the front for certain; pale: uncertain; hollow: not; triangle: a control',
    x: 'KL divergence from the untouched model, nats a token (square-root scale)',
    y: benefit,
    marks: trades.map(({ name, benefit, cost, onFront, membership, isControl }) => ({
      name,
      x: closed(cost),
      y: closed(benefit),
      onFront,
      membership,
      isControl,
      isBaseline: name === baseline,
    })),
    source,
  };
  return { name, caption, spec: (look) => frontChartSpec(drawn, look) };
}
