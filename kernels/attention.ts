import { HEAD_MAP } from './head-map.js';
import { type AttentionShape, cutsAt, IN_TARGET, visibleKeys } from './keys.js';
import { MIX } from './mix.js';
import { LAYER, NEVER, PASS } from './pass.js';
import { enables, entryOfSubgroups, overLanes, overWorkgroup } from './workgroup.js';

/** Floats that a split writes for a row and head: both outputs, and each side's maximum and sum. */
export const partialSize = (headDim: number): number => 2 * headDim + 4;

export interface AttentionKernel extends AttentionShape {
  /** Keys of a workgroup at most. */
  readonly keys: number;
  /** Whether these are all that the row sees. The workgroup then applies the policy too; there is no `combine`. */
  readonly isWhole: boolean;
}

/** Values that a thread reads in one turn of a loop, so that it waits for memory once. */
const AT_ONCE = 4;
/** Pieces that are summed at once, if there are threads. */
const PIECES_AT_ONCE = 8;

/**
 * Split attention of one row: a softmax over two sides, the target and the rest. Each has its own maximum: with a common
 * one, a side far below the other would underflow and its output would be 0/0. The policy is applied afterwards, and needs
 * only the sums.
 *
 * The kernel also keeps the sum of each piece of the keys. Pieces are consecutive stretches of keys without gaps, cut
 * at the borders of the target and of the spans whose shares are wanted.
 *
 * Bindings: 1 q `[heads, headDim]`; 2 keys and 3 values, as `rotate` wrote them; 4 {@link cutsAt}; 5 maps `[layers ·
 * heads]`; 8 the layer. A split writes 6 partials `[heads, splits, 2·headDim + 4]`; 7 pieces `[heads, splits, pieces]`: the
 * maximum that each is relative to, and its sum. A workgroup with all keys writes what `combine` does: 6 output, 7 shares, 9
 * references.
 *
 * One workgroup per head and split: (head of the layer's part, split). The scores of all its keys are in workgroup memory: the
 * threads compute scores, then weights, then sums of pieces, then outputs, for which a few threads share a key's dimensions.
 */
export function attention(kernel: AttentionKernel): string {
  const { heads, kvHeads, headDim, threads, keys, isWhole } = kernel;
  const perHead = heads / kvHeads;
  const quads = headDim / 4;
  /** Threads that share a key's dimensions, and keys that are added at once. */
  const lanes = Math.min(quads, threads);
  const parts = Math.floor(threads / lanes);
  const held = Array.from({ length: Math.ceil(quads / lanes) }, (_, i) => i);
  const atOnce = Array.from({ length: AT_ONCE }, (_, i) => i);
  const members = Math.max(1, threads / PIECES_AT_ONCE);
  const each = (make: (i: number) => string): string => held.map(make).join('\n    ');
  /** Statements that add some keys, one for every `parts`, to a side's output. */
  const addKeys = (side: string, turns: readonly number[]): string => /* wgsl */ `
        let at = (kv * run.capacity + j) * ${quads}u + place;
        ${turns.flatMap((t) => held.map((i) => `let value${t}_${i} = values[at + ${t * parts * quads + i * lanes}u];`)).join('\n        ')}
        ${turns.flatMap((t) => held.map((i) => `${side}_output${i} += weights[j - begin + ${t * parts}u] * value${t}_${i};`)).join('\n        ')}`;
  const addStretch = (side: string): string => /* wgsl */ `
      for (; j + ${(AT_ONCE - 1) * parts}u < stop; j += ${AT_ONCE * parts}u) {${addKeys(side, atOnce)}
      }
      for (; j < stop; j += ${parts}u) {${addKeys(side, [0])}
      }`;
  const joined = (side: string): string =>
    parts === 1 ? '' : `${side}_output0 = over_parts(lane, place, ${side}_output0);`;
  return /* wgsl */ `
${enables(kernel)}
${PASS}
${LAYER}
${isWhole ? MIX : HEAD_MAP}
@group(0) @binding(1) var<storage, read> q: array<vec4f>;
@group(0) @binding(2) var<storage, read> keys: array<vec4f>;
@group(0) @binding(3) var<storage, read> values: array<vec4f>;
${cutsAt(4)}
@group(0) @binding(5) var<storage, read> maps: array<HeadMap>;
${isWhole ? WHOLE_BINDINGS : SPLIT_BINDINGS}
${visibleKeys(kernel)}
${SIDES}
${isWhole ? '' : OWN_PIECES}
/** Scores, then weights, of the workgroup's keys. */
var<workgroup> weights: array<f32, ${keys}>;
var<workgroup> exchanged: array<vec4f, ${threads}>;
${overWorkgroup(kernel, 'vec2f', 'maximum', 'sum')}
${parts === 1 ? '' : overParts(lanes, parts)}

${entryOfSubgroups(kernel)}
  let head = layer.y * ${perHead}u + group.x;
  let kv = group.x / ${perHead}u;
  ${
    isWhole
      ? /* wgsl */ `
  let begin = first_visible(run.past);
  let end = run.past + 1u;`
      : /* wgsl */ `
  let begin = max(first_visible(run.past), group.y * run.splitKeys);
  let end = max(begin, min(run.past + 1u, (group.y + 1u) * run.splitKeys));
  let place_of_split = head * run.splits + group.y;`
  }
  // If the policy does not change the head, there are no sides, so that the result is untouched to the last bit.
  let acts = maps[layer.x + head].acts != 0.0;

  for (var i = lane; i < ${quads}u; i += ${threads}u) { query[i] = q[head * ${quads}u + i]; }
  workgroupBarrier();

  var highs = vec2f(${NEVER});
  for (var from_ = begin; from_ < end; from_ += ${threads}u) {
    let side = side_of(acts, from_, min(from_ + ${threads}u, end));
    let key = from_ + lane;
    if (key < end) {
      let score = score_of(kv, key);
      weights[key - begin] = score;
      if (is_in_target(side, key)) { highs.x = max(highs.x, score); } else { highs.y = max(highs.y, score); }
    }
  }
  highs = workgroup_maximum(lane, highs);
  workgroupBarrier();
  var sums = vec2f(0.0);
  for (var from_ = begin; from_ < end; from_ += ${threads}u) {
    let side = side_of(acts, from_, min(from_ + ${threads}u, end));
    let key = from_ + lane;
    if (key < end) {
      let inside = is_in_target(side, key);
      let weight = exp(weights[key - begin] - select(highs.y, highs.x, inside));
      weights[key - begin] = weight;
      if (inside) { sums.x += weight; } else { sums.y += weight; }
    }
  }
  sums = workgroup_sum(lane, sums);

  ${isWhole ? 'let mix = mix_of(maps[layer.x + head], highs, sums);' : ''}
  // Barriers need bounds that compilers know to be the same for all threads: a uniform, or what workgroupUniformLoad returns.
  ${
    isWhole
      ? 'let bounds = vec2u(0u, run.pieces);'
      : /* wgsl */ `
  if (lane == 0u && begin < end) { own_pieces = vec2u(piece_of(begin), piece_of(end - 1u) + 1u); }
  let bounds = workgroupUniformLoad(&own_pieces);`
  }
  for (var base = bounds.x; base < bounds.y; base += ${threads / members}u) {
    let piece = base + lane / ${members}u;
    var from_ = 0u;
    var stop = 0u;
    if (piece < bounds.y) {
      from_ = max(start_of(piece), begin);
      stop = min(start_of(piece + 1u), end);
    }
    var sum = 0.0;
    for (var j = from_ + lane % ${members}u; j < stop; j += ${members}u) { sum += weights[j - begin]; }
    ${overLanes(kernel, members, ['sum'], (_, further) => `exchanged[lane + ${further}u].x`)}
    if (lane % ${members}u == 0u && piece < bounds.y) {
      let inside = acts && is_inside(piece);
      let high = select(highs.y, highs.x, inside);
      ${
        isWhole
          ? 'shares[(layer.x + head) * run.pieces + piece] = shares_of(mix, sum, high, inside);'
          : 'if (from_ < stop) { pieces[place_of_split * run.pieces + piece] = vec2f(high, sum); }'
      }
    }
  }

  let part = lane / ${lanes}u;
  let place = lane % ${lanes}u;
  ${each((i) => `var target_output${i} = vec4f(0.0); var rest_output${i} = vec4f(0.0);`)}
  for (var from_ = begin; from_ < end;) {
    var inside = false;
    var stop = end;
    if (acts) {
      inside = tag_of(from_) >= ${IN_TARGET}u;
      stop = min(end, turn_of(piece_of(from_)));
    }
    var j = ${parts * lanes === threads ? 'from_ + part' : `select(stop, from_ + part, part < ${parts}u)`};
    if (inside) {${addStretch('target')}
    } else {${addStretch('rest')}
    }
    from_ = stop;
  }
  ${joined('target')}
  ${joined('rest')}
  ${isWhole ? writeWhole(quads, lanes, held) : writeSplit(quads, lanes, held)}
}
`;
}

/**
 * WGSL for the side of the keys that the threads take at once: 0 the rest, 1 the target, 2 both. Only if they are on both is a key
 * asked for its own.
 */
const SIDES = /* wgsl */ `
fn side_of(acts: bool, from_: u32, stop: u32) -> u32 {
  if (!acts) { return 0u; }
  let tag = tag_of(from_);
  if (turn_of(tag & ${IN_TARGET - 1}u) < stop) { return 2u; }
  return select(0u, 1u, tag >= ${IN_TARGET}u);
}
fn is_in_target(side: u32, key: u32) -> bool {
  if (side == 2u) { return tag_of(key) >= ${IN_TARGET}u; }
  return side == 1u;
}`;

const OWN_PIECES = /* wgsl */ `
/** The first piece of a split, and the one after its last; both 0 if the split has no keys. */
var<workgroup> own_pieces: vec2u;`;

const SPLIT_BINDINGS = `
@group(0) @binding(6) var<storage, read_write> partials: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> pieces: array<vec2f>;`;

const WHOLE_BINDINGS = `
@group(0) @binding(6) var<storage, read_write> output: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> shares: array<vec2f>;
@group(0) @binding(9) var<storage, read_write> references: array<vec4f>;`;

/** WGSL for `fn over_parts(lane, place, value)`, which adds the outputs of threads that have the same dimensions. */
const overParts = (lanes: number, parts: number): string => /* wgsl */ `
fn over_parts(lane: u32, place: u32, value: vec4f) -> vec4f {
  exchanged[lane] = value;
  workgroupBarrier();
  var all = exchanged[place];
  for (var part = 1u; part < ${parts}u; part++) { all += exchanged[part * ${lanes}u + place]; }
  workgroupBarrier();
  return all;
}`;

/** Statements for each quad of dimensions that the first threads hold. */
const written = (
  quads: number,
  lanes: number,
  held: readonly number[],
  write: (at: string, i: number) => string,
): string =>
  held
    .map((i) => {
      const at = `place + ${i * lanes}u`;
      return `if (part == 0u && ${at} < ${quads}u) { ${write(at, i)} }`;
    })
    .join('\n  ');

const writeSplit = (quads: number, lanes: number, held: readonly number[]): string => /* wgsl */ `
  let at = place_of_split * ${2 * quads + 1}u;
  ${written(quads, lanes, held, (place, i) => `partials[at + ${place}] = target_output${i}; partials[at + ${quads}u + ${place}] = rest_output${i};`)}
  if (lane == 0u) { partials[at + ${2 * quads}u] = vec4f(highs.x, sums.x, highs.y, sums.y); }`;

const writeWhole = (quads: number, lanes: number, held: readonly number[]): string => /* wgsl */ `
  let gain = maps[layer.x + head].gain;
  ${written(quads, lanes, held, (place, i) => `output[head * ${quads}u + ${place}] = gain * (mix.factors.x * target_output${i} + mix.factors.y * rest_output${i});`)}
  if (lane == 0u) { references[head] = reference_of(mix); }`;
