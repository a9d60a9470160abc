/**
 * Estimates with confidence intervals, hypothesis tests, and power analysis over clusters (dialogues). Pure functions on
 * numbers; this room knows nothing about models.
 */
export {
  type AgreementTable,
  cohenKappa,
  correctedRate,
  type EffectiveRate,
  effectiveRate,
  kappaOf,
  rateEstimate,
  roganGladen,
} from './agreement.js';
export {
  type Bootstrap,
  type BootstrapOptions,
  bootstrap,
  bootstrapEach,
  createBootstrap,
  type Estimate,
} from './bootstrap.js';
export { mean, median } from './centre.js';
export { type Correlation, correlationAlong, correlationOf, pearson, spearman } from './correlation.js';
export { type Equivalence, equivalenceOf } from './equivalence.js';
export { halfLifeOf } from './half-life.js';
export { holm } from './holm.js';
export { oddsRatio } from './odds.js';
export { type PermutationOptions, pairedDifferences, pairedPermutation } from './permutation.js';
export {
  clusterDeviation,
  clustersFor,
  minimalDetectableEffect,
  type PairedDesign,
  powerOf,
} from './power.js';
export { quantile } from './quantile.js';
export { collectSpread, type ShareSpread, type SpreadCollector, spreadOf } from './spread.js';
export {
  differenceOf,
  meanOf,
  ofMembers,
  type Point,
  type Score,
  type Statistic,
  slopeOf,
} from './statistic.js';
