import type { Threads } from './workgroup.js';

export interface DrawKernel extends Threads {
  readonly vocabSize: number;
}

/** Logits that are worth a workgroup of their own. */
const PART = 4096;
/** Parts that a row of logits is divided into, each a workgroup's. */
export const partsOf = (vocabSize: number): number => Math.min(64, Math.ceil(vocabSize / PART));
/** Steps of distance that logits are sorted into. */
export const LEVELS = 256;
/** Candidates that are wanted of a row at most. */
export const MOST_WANTED = 1024;
/** Candidates that there is room for: a level is taken whole, and a sixth more than are wanted is usual. */
export const MOST_CANDIDATES = 2 * MOST_WANTED;
/** Words before the candidates: how many there are, the best logit, both sums of weights, and how far they reach. */
export const PICKED_HEAD = 5;
export const DRAW_WORDS = 5;

/** Sixteenths of doublings, as the high bits of an f32 count them, below those that are told apart. */
const FIRST_LEVEL = (127 - 9) * 16 - 1;

/**
 * What the kernels that pick a row's candidates have in common: the part of the row that a workgroup looks at, and the
 * level of a logit, which says how far it lies below the best: 0 within 2⁻⁹, then sixteen levels to each doubling of the
 * distance. It is read off the distance's exponent and mantissa, so that every kernel finds the same.
 *
 *   1 logits `[vocab]`, 2 weights `[parts]` of (best, Σ e^(logit − best), Σ e^((logit − best) / temperature), 0) of each
 *   part, 3 levels `[parts, 256]`: how many logits of each part are at each level, 4 picked: five words (how many
 *   candidates, the best logit, the sums over the row, and how far below the best nothing is left out), then pairs of an
 *   id and a logit, 5 what is drawn
 *
 * One workgroup a part.
 */
export const drawn = ({ vocabSize }: DrawKernel): string => /* wgsl */ `
struct Draw { inverseTemperature: f32, most: u32, least: u32, topP: f32, distance: f32 }
const PARTS = ${partsOf(vocabSize)}u;
const PART = ${Math.ceil(vocabSize / partsOf(vocabSize))}u;
const LEVELS = ${LEVELS}u;

fn begin_of(part: u32) -> u32 { return min(part * PART, ${vocabSize}u); }

fn level_of(best: f32, logit: f32) -> u32 {
  let distance = best - logit;
  if (!(distance >= 0.001953125)) { return 0u; }
  return min((bitcast<u32>(distance) >> 19u) - ${FIRST_LEVEL}u, LEVELS - 1u);
}

/** The distance below which a level ends; the last one has no end. */
fn end_of(level: u32) -> f32 { return bitcast<f32>((level + ${FIRST_LEVEL + 1}u) << 19u); }
`;

/** The best logit of the row, from those of its parts. */
export const BEST = /* wgsl */ `
fn best_logit() -> f32 {
  var best = weights[0].x;
  for (var part = 1u; part < PARTS; part++) { best = max(best, weights[part].x); }
  return best;
}
`;
