import { IS_NAN } from './numbers.js';
import type { Threads } from './workgroup.js';

/** The sizes in the programs that pick candidates. */
export interface DrawKernel extends Threads {
  readonly vocabSize: number;
}

/** Logits that justify a workgroup of their own. */
const PART = 4096;
/** Returns the number of parts that a row of logits is divided into, one per workgroup. */
export const partsOf = (vocabSize: number): number => Math.min(64, Math.ceil(vocabSize / PART));
/** The number of levels: ranges of the distance below the best logit. */
export const LEVELS = 256;
/** The maximum number of candidates that a draw may want. */
export const MOST_WANTED = 1024;
/** The capacity for candidates. Levels are taken whole; usually they hold a sixth more than is wanted. */
export const MOST_CANDIDATES = 2 * MOST_WANTED;
/** Words before the candidates: their number, the best logit, two sums of weights, and how far the candidates reach. */
export const PICKED_HEAD = 5;
/** Words of the uniform `Draw`. */
export const DRAW_WORDS = 5;

/** The last sixteenth of a doubling below 2⁻⁹, as counted by the high bits of an f32. Level 0 ends there. */
const FIRST_LEVEL = (127 - 9) * 16 - 1;

/**
 * Returns the code that the kernels for a row's candidates share: the part of the row that a workgroup handles, and the
 * level of a logit. The level is the distance below the best logit: 0 within 2⁻⁹, then sixteen levels per doubling of
 * the distance. It is read from the exponent and mantissa of the distance, so that every kernel computes the same
 * level.
 *
 * Bindings: 1 logits `[vocab]`; 2 weights `[parts]`: for each part (best, Σ e^(logit − best), Σ e^((logit − best) /
 * temperature), 0); 3 levels `[parts, 256]`: the number of a part's logits at each level; 4 picked: five words (number
 * of candidates, best logit, both sums over the row, and the distance below the best up to which the candidates are
 * complete), then pairs of id and logit; 5 the settings of the draw.
 *
 * One workgroup per part.
 */
export const drawn = ({ vocabSize }: DrawKernel): string => /* wgsl */ `
struct Draw { inverseTemperature: f32, most: u32, least: u32, topP: f32, distance: f32 }
const PARTS = ${partsOf(vocabSize)}u;
const PART = ${Math.ceil(vocabSize / partsOf(vocabSize))}u;
const LEVELS = ${LEVELS}u;
${IS_NAN}
fn begin_of(part: u32) -> u32 { return min(part * PART, ${vocabSize}u); }

fn level_of(best: f32, logit: f32) -> u32 {
  let distance = best - logit;
  if (is_nan(distance) || distance < 0.001953125) { return 0u; }
  return min((bitcast<u32>(distance) >> 19u) - ${FIRST_LEVEL}u, LEVELS - 1u);
}

/** The distance at which a level ends; the last level has no end. */
fn end_of(level: u32) -> f32 { return bitcast<f32>((level + ${FIRST_LEVEL + 1}u) << 19u); }
`;

/** WGSL that finds the best logit of the row from those of its parts. */
export const BEST = /* wgsl */ `
fn best_logit() -> f32 {
  var best = weights[0].x;
  for (var part = 1u; part < PARTS; part++) { best = max(best, weights[part].x); }
  return best;
}
`;
