import { readFileSync } from 'node:fs';

interface Lives {
  readonly time: number[];
  readonly lost: boolean[];
}

/** Inputs and results of numpy, scipy, statsmodels and lifelines, written by `test/fixtures/statistics/make_comparisons.py`. */
export interface ComparisonFigures {
  readonly kaplanMeier: readonly (Lives & {
    readonly times: number[];
    readonly atRisk: number[];
    readonly losses: number[];
    readonly kept: number[];
    readonly low: number[];
    readonly high: number[];
    /** Null if it is not reached. */
    readonly median: number | null;
    readonly until: number;
    readonly restrictedMean: number;
  })[];
  readonly logRank: readonly {
    readonly left: Lives;
    readonly right: Lives;
    readonly excess: number;
    readonly p: number;
  }[];
  readonly partial: readonly {
    readonly x: number[];
    readonly y: number[];
    readonly given: number[];
    readonly pearson: number;
    readonly spearman: number;
  }[];
  readonly randomEffects: readonly {
    readonly effects: { readonly value: number; readonly variance: number }[];
    readonly shared: number;
    readonly between: number;
    readonly mean: number;
    readonly low: number;
    readonly high: number;
    readonly heterogeneity: number;
    readonly prediction: readonly [number, number] | null;
    readonly generalised: { readonly mean: number; readonly variance: number };
  }[];
  readonly equalCost: {
    readonly benefits: number[][];
    readonly counts: number[];
    readonly costs: number[][];
    readonly tokens: number[];
    readonly single: { readonly value: number; readonly interval: readonly [number, number] };
    readonly between: { readonly value: number; readonly interval: readonly [number, number] };
  };
}

const path = new URL('../fixtures/statistics/comparisons.json', import.meta.url);
export const comparisons: ComparisonFigures = JSON.parse(readFileSync(path, 'utf8'));
