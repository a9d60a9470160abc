import { TANH } from './numbers.js';
import { softCap } from './soft-cap.js';
import type { Workgroup } from './workgroup.js';

/** The sizes in the programs of a layer's attention. */
export interface AttentionShape extends Workgroup {
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  /** Soft cap on scores; null: none. */
  readonly scoreCap: number | null;
  /** Sliding window in tokens; null: none. */
  readonly window: number | null;
}

/** The bit of a key's tag that is set inside the target. The other bits are the index of its piece. */
export const IN_TARGET = 0x8000_0000;

/** WGSL for the first key that a row sees. */
export const firstVisible = ({ window }: AttentionShape): string => /* wgsl */ `
fn first_visible(position: u32) -> u32 {
  ${window === null ? 'return 0u;' : `return select(0u, position - ${window - 1}u, position >= ${window}u);`}
}
`;

/** WGSL for `fn capped(score)`, the soft cap on a score. */
export const cappedScore = ({ scoreCap }: AttentionShape): string => /* wgsl */ `
${scoreCap === null ? '' : TANH}
fn capped(score: f32) -> f32 { return ${softCap('score', scoreCap)}; }
`;

/**
 * WGSL for the first key that a row sees, and for a key's score: query·key, capped. The query includes the scale. It adds in the
 * order of the tiled kernel: a logit of 2,000 rounds by 1e-4, and so would the weights of a row that another kernel computes.
 */
export const visibleKeys = (shape: AttentionShape): string => /* wgsl */ `
var<workgroup> query: array<vec4f, ${shape.headDim / 4}>;
${firstVisible(shape)}
${cappedScore(shape)}
fn score_of(kv: u32, key: u32) -> f32 {
  var sum = 0.0;
  for (var i = 0u; i < ${shape.headDim / 4}u; i++) {
    let own = query[i];
    let other = keys[(kv * ${shape.headDim / 4}u + i) * run.capacity + key];
    sum += own.x * other.x + own.y * other.y + own.z * other.z + own.w * other.w;
  }
  return capped(sum);
}
`;
