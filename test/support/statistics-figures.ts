import { readFileSync } from 'node:fs';

/** Inputs and results of numpy, scipy and statsmodels, written by `test/fixtures/statistics/make_figures.py`. */
export interface Figures {
  readonly permutation: readonly {
    readonly sums: number[];
    readonly counts: number[];
    readonly statistic: number;
    readonly p: number;
  }[];
  readonly holm: readonly { readonly p: number[]; readonly adjusted: number[] }[];
  readonly normal: readonly { readonly x: number; readonly p: number }[];
  readonly critical: readonly { readonly alpha: number; readonly freedom: number; readonly t: number }[];
  readonly beyond: readonly {
    readonly bound: number;
    readonly freedom: number;
    readonly shift: number;
    readonly p: number;
  }[];
  readonly power: readonly {
    readonly effect: number;
    readonly clusters: number;
    readonly alpha: number;
    readonly power: number;
    readonly minimal: number;
  }[];
  readonly clustersFor: readonly {
    readonly effect: number;
    readonly power: number;
    readonly alpha: number;
    readonly clusters: number;
  }[];
  readonly correlation: readonly {
    readonly x: number[];
    readonly y: number[];
    readonly pearson: number;
    readonly spearman: number;
  }[];
  readonly line: readonly {
    readonly x: number[];
    readonly y: number[];
    readonly slope: number;
    readonly halfLife: number;
  }[];
  readonly bootstrap: readonly {
    readonly counts: number[];
    readonly left: number[];
    readonly right: number[];
    readonly mean: readonly [number, number];
    readonly difference: readonly [number, number];
  }[];
  readonly equivalence: readonly {
    readonly differences: number[];
    readonly margin: number;
    readonly p: number;
    readonly mean: number;
    readonly interval: readonly [number, number];
  }[];
  readonly odds: readonly {
    readonly counts: readonly (readonly [left: number, right: number])[];
    readonly obeyed: readonly (readonly [left: number, right: number])[];
    readonly ratio: number;
  }[];
  readonly hall: readonly { readonly values: number[]; readonly p: number }[];
  readonly exact: readonly {
    readonly clusters: number;
    readonly hits: number;
    readonly low: number;
    readonly high: number;
  }[];
  readonly nested: readonly {
    readonly rows: readonly (readonly [prompt: string, dialogue: string, value: number])[];
    readonly mean: number;
    readonly error: number;
    readonly variances: number[];
  }[];
  readonly spread: readonly {
    readonly values: number[];
    readonly mean: number;
    readonly median: number;
    readonly ninetieth: number;
    readonly above: number;
    readonly below: number;
  }[];
}

const path = new URL('../fixtures/statistics/figures.json', import.meta.url);
export const figures: Figures = JSON.parse(readFileSync(path, 'utf8'));
