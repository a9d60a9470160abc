import type { TopLevelSpec } from 'vega-lite';
import type { ChartPoint, FigureLook } from '../report/index.js';
import type { Estimate } from '../statistics/index.js';
import type { RoundEstimate } from './course.js';
import { FEWEST } from './inference.js';

/** A figure of one slice with its caption. */
export interface ReportFigure {
  /** The base name of its files. */
  readonly name: string;
  readonly caption: string;
  readonly spec: (look: FigureLook) => TopLevelSpec;
}

/** Up to this many arms share one plot. More are drawn in one plot each, against the baseline. */
export const TOGETHER = 3;

/** Replaces a missing interval (too few clusters) by one of no width. */
export function closed({ value, low, high }: Estimate): Estimate {
  return Number.isNaN(low) ? { value, low: value, high: value } : { value, low, high };
}

/** Returns estimates as points of a line. Those without a value, such as the share of a prompt that is not there, have none. */
export const pointsAt = (estimates: readonly (readonly [x: number, Estimate])[]): ChartPoint[] =>
  estimates
    .filter(([, { value }]) => !Number.isNaN(value))
    .map(([x, estimate]) => ({ x, ...closed(estimate) }));

/** The same for estimates by round. */
export const pointsOf = (rounds: readonly RoundEstimate[]): ChartPoint[] =>
  pointsAt(rounds.map((estimate) => [estimate.round, estimate]));

/** What bands are, for captions. */
export const BANDS = `Bands are 95 % intervals from a bootstrap over prompts; fewer than ${FEWEST} prompts have none`;
