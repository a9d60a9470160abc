/**
 * Estimates with confidence intervals, hypothesis tests, and power analysis over clusters (dialogues). Pure functions on
 * numbers; this room knows nothing about models.
 */
export { changeRangeAboveChance, rangeAboveChance } from './above-chance.js';
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
  gainBetweenCurves,
  gainBetweenCurvesAt,
  gainOverCurve,
  onFront,
  resampleTrades,
  type TradeSample,
  type TradeScores,
  type TradeStatistic,
  type Trades,
} from './at-equal-cost.js';
export {
  type Bootstrap,
  type BootstrapOptions,
  bootstrap,
  bootstrapEach,
  createBootstrap,
  type Estimate,
  expandedEstimate,
} from './bootstrap.js';
export {
  boundedInterval,
  type Interval,
  NO_INTERVAL,
  type RatioRange,
} from './bounded.js';
export { mean, median } from './centre.js';
export { type Correlation, correlationAlong, correlationOf, pearson, spearman } from './correlation.js';
export { type Equivalence, equivalenceOf } from './equivalence.js';
export { halfLifeOf } from './half-life.js';
export { holm } from './holm.js';
export {
  kaplanMeier,
  keptOf,
  type Lifetime,
  type LifetimeClusters,
  logRankScores,
  medianLifetimeOf,
  restrictedMeanOf,
  type SurvivalStep,
} from './kaplan-meier.js';
export { skewedMeanTest } from './mean-test.js';
export { type NestedMean, type NestedValue, nestedMean } from './mixed-model.js';
export { oddsRatio } from './odds.js';
export { partialCorrelation, partialRankCorrelationOf, rankCorrelationOf } from './partial-correlation.js';
export {
  type PermutationOptions,
  pairedDifferences,
  pairedPermutation,
  permutationsFor,
} from './permutation.js';
export {
  clusterDeviation,
  clustersFor,
  fewestClusters,
  minimalDetectableEffect,
  type PairedDesign,
  powerOf,
} from './power.js';
export { medianOf, quantile } from './quantile.js';
export { covarianceOfMeans, type PooledEffect, randomEffects, type StudyEffect } from './random-effects.js';
export { DIFFERENCES, type Range, SCORES } from './range.js';
export { collectSpread, type ShareSpread, type SpreadCollector, spreadOf } from './spread.js';
export {
  differenceOf,
  meanOf,
  ofMembers,
  type Point,
  quotientOf,
  type Score,
  type Statistic,
  slopeOf,
  slopeRange,
  totalOf,
} from './statistic.js';
export { rankCorrelationWithin, type StratifiedPoint } from './within-correlation.js';
