/**
 * Numbers that a reader can believe: estimates with intervals, from dialogues as they are, not as one would like them.
 * Pure functions on numbers; knows nothing of models.
 */
export {
  type BootstrapOptions,
  bootstrap,
  differenceOf,
  type Estimate,
  meanOf,
  quantile,
  type Score,
  type Statistic,
  slopeOf,
} from './statistics.js';
