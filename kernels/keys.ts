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

/** The bit that is set for a piece, and for its keys, inside the target. The other bits are an index. */
export const IN_TARGET = 0x8000_0000;

/**
 * WGSL for the cuts of the keys: pieces `[pieces + 1]`, each one's first key, with {@link IN_TARGET}, and the number of keys;
 * turns `[pieces]`, the first key after a piece that is on the other side; tags `[tokens]`, each key's piece, with
 * {@link IN_TARGET}.
 */
export const cutsAt = (binding: number): string => /* wgsl */ `
@group(0) @binding(${binding}) var<storage, read> cuts: array<u32>;
fn start_of(piece: u32) -> u32 { return cuts[piece] & ${IN_TARGET - 1}u; }
fn is_inside(piece: u32) -> bool { return cuts[piece] >= ${IN_TARGET}u; }
fn turn_of(piece: u32) -> u32 { return cuts[run.pieces + 1u + piece]; }
fn tag_of(key: u32) -> u32 { return cuts[2u * run.pieces + 1u + key]; }
fn piece_of(key: u32) -> u32 { return tag_of(key) & ${IN_TARGET - 1}u; }
`;

/** WGSL for the first key that a row sees. */
export const firstVisible = ({ window }: Pick<AttentionShape, 'window'>): string => /* wgsl */ `
fn first_visible(position: u32) -> u32 {
  ${window === null ? 'return 0u;' : `return select(0u, position - ${window - 1}u, position >= ${window}u);`}
}
`;

/** WGSL for `fn capped(score)`, the soft cap on a score. */
export const cappedScore = ({ scoreCap }: AttentionShape): string => /* wgsl */ `
${scoreCap === null ? '' : TANH}
fn capped(score: f32) -> f32 { return ${softCap('score', scoreCap)}; }
`;

/** Numbers that a thread reads in one turn of a loop, so that it waits for memory once. */
const AT_ONCE = [4, 2, 1] as const;

/**
 * WGSL for the first key that a row sees, and for a key's score: query·key, capped. The query includes the scale. It adds in the
 * order of the tiled kernel. In another order, a logit of 2,000 would round differently by 1e-4, and so would the row's weights.
 */
export const visibleKeys = (shape: AttentionShape): string => {
  const quads = shape.headDim / 4;
  const atOnce = AT_ONCE.find((count) => quads % count === 0)!;
  const turns = Array.from({ length: atOnce }, (_, i) => i);
  return /* wgsl */ `
var<workgroup> query: array<vec4f, ${quads}>;
${firstVisible(shape)}
${cappedScore(shape)}
fn score_of(kv: u32, key: u32) -> f32 {
  var sum = 0.0;
  for (var i = 0u; i < ${quads}u; i += ${atOnce}u) {
    ${turns.map((j) => `let key${j} = keys[(kv * ${quads}u + i + ${j}u) * run.capacity + key];`).join('\n    ')}
    ${turns
      .map(
        (j) => `let query${j} = query[i + ${j}u];
    sum += query${j}.x * key${j}.x + query${j}.y * key${j}.y + query${j}.z * key${j}.z + query${j}.w * key${j}.w;`,
      )
      .join('\n    ')}
  }
  return capped(sum);
}
`;
};
