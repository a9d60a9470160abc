import { partialSize } from './attention.js';
import { HEAD_MAP } from './head-map.js';
import { type AttentionShape, cappedScore, cutsAt, firstVisible, IN_TARGET } from './keys.js';
import { LAYER, NEVER, PASS } from './pass.js';
import { entry, loadsByGroups } from './workgroup.js';

/** Keys of a tile. Its borders are at multiples of this, whatever the spans: so a policy that changes nothing rounds alike. */
const TILE = 32;
/** Queries that a thread handles. */
const FOUR = 4;
/** Groups of four queries, if threads suffice. */
const MOST_GROUPS = 4;
/** Groups of four dimensions that a thread can hold for both sides and four queries in its registers. */
const HELD = 2;

/** Returns how many queries a workgroup takes, in groups of four: fewer for large heads, whose outputs need registers. */
export function queriesOf({ headDim, threads }: Pick<AttentionShape, 'headDim' | 'threads'>): number {
  const most = Math.max(1, Math.floor((threads * HELD * 4) / headDim));
  const groups = Math.min(MOST_GROUPS, threads, 2 ** Math.floor(Math.log2(most)));
  return FOUR * Math.max(groups, threads / TILE);
}

/** Returns how often a workgroup loads each key and value, to count bytes: every group of four queries loads them. */
export const keyLoads = (shape: Pick<AttentionShape, 'headDim' | 'threads'>): number =>
  loadsByGroups(shape.threads, (FOUR * shape.threads) / queriesOf(shape));

/**
 * Attention for several rows at once: the same sums as in `attention`, for queries that see the same keys. The queries of
 * all heads of a key-value head are stacked, row by row, and a workgroup takes up to 16 of the stack. Each of its
 * two halves of 32 threads loads every key, so a key is loaded once for 8 queries.
 *
 * A tile of keys that all queries see and that is on one side needs only that side's sums. Others take the path for both
 * sides, where a query's side is chosen per key. It also skips keys that a query does not see, as those may be NaN.
 *
 * Bindings: those of `attention`, whose partials and pieces it writes.
 *
 * One workgroup per key-value head, {@link queriesOf} queries and split: (kv head, part of the stack, split). For each
 * tile, a thread first computes the scores of four queries with some keys, then some dimensions of their outputs, then the
 * sums of some pieces.
 */
export function attentionTiled(shape: AttentionShape): string {
  const { heads, kvHeads, headDim, threads } = shape;
  const perHead = heads / kvHeads;
  const queries = queriesOf(shape);
  const groups = queries / FOUR;
  /** Threads per group of queries. */
  const lanes = threads / groups;
  const quads = headDim / 4;
  const held = Array.from({ length: Math.ceil(quads / lanes) }, (_, i) => i);
  const ownKeys = Array.from({ length: TILE / lanes }, (_, i) => i);
  const four = [0, 1, 2, 3];
  const sides = ['target', 'rest'] as const;
  /** Returns a statement for each output that the thread holds of a side. */
  const outputs = (side: string, make: (name: string, query: number, i: number) => string): string =>
    held.flatMap((i) => four.map((query) => make(`${side}_output${query}_${i}`, query, i))).join('\n');
  /** Returns statements that read the thread's dimensions of a key's value. */
  const values = held.map((i) => `let value${i} = values[at + ${i * lanes}u];`).join('\n');
  const fade = (side: string): string => outputs(side, (name, query) => `${name} *= ${side}_fade[${query}];`);
  /** Statements for the highest of a side's scores, from those of every thread of the group. */
  const highest = (side: string): string =>
    `for (var j = 0u; j < ${lanes}u; j++) { ${side}_high = max(${side}_high, ${side}_tops[j * ${groups}u + part]); }`;
  /** Statements for each query of the thread, with where its sum of \`piece\` is. A stack that ends early has fewer. */
  const eachPiece = (write: (query: number) => string): string =>
    four
      .map(
        (query) => `if (first + 4u * part + ${query}u < stack) {
          let at = (row_and_head(first_head, own[${query}]) * run.splits + group.z) * run.pieces + piece;
          ${write(query)}
        }`,
      )
      .join('\n        ');
  /** Statements for a tile that is on one side and that every query sees. */
  const addOneSide = (side: string): string => /* wgsl */ `
      ${fade(side)}
      for (var j = 0u; j < ${TILE}u; j++) {
        let weight = weights[j * ${groups}u + part];
        let at = (kv * run.capacity + tile + j) * ${quads}u + place;
        ${values}
        ${side}_tile += weight;
        ${outputs(side, (name, query, i) => `${name} += weight[${query}] * value${i};`)}
      }`;
  return /* wgsl */ `
${PASS}
${LAYER}
${HEAD_MAP}
@group(0) @binding(1) var<storage, read> q: array<f32>;
@group(0) @binding(2) var<storage, read> keys: array<vec4f>;
@group(0) @binding(3) var<storage, read> values: array<vec4f>;
${cutsAt(4)}
@group(0) @binding(5) var<storage, read> maps: array<HeadMap>;
@group(0) @binding(6) var<storage, read_write> partials: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> pieces: array<vec2f>;
${firstVisible(shape)}
/** [dimensions, groups]: a dimension of four queries. */
var<workgroup> query: array<vec4f, ${headDim * groups}>;
/** [keys, groups]: a key's weights, of four queries. */
var<workgroup> weights: array<vec4f, ${TILE * groups}>;
/** [threads of a group, groups]: the highest scores of a thread's keys on each side. */
${sides.map((side) => `var<workgroup> ${side}_tops: array<vec4f, ${threads}>;`).join('\n')}
${cappedScore(shape)}

/** The place of a stacked query among [rows, heads]. */
fn row_and_head(first_head: u32, stacked: u32) -> u32 {
  return stacked / ${perHead}u * ${heads}u + first_head + stacked % ${perHead}u;
}

/** The first number from \`from_\` on that is the thread's with this place in its group. */
fn first_turn(from_: u32, place: u32) -> u32 { return from_ + (place + ${lanes}u - from_ % ${lanes}u) % ${lanes}u; }

${entry(shape)}
  let kv = group.x;
  let first_head = (layer.y + kv) * ${perHead}u;
  let first = group.y * ${queries}u;
  let stack = run.rows * ${perHead}u;
  let part = lane / ${lanes}u;
  let place = lane % ${lanes}u;
  let split_begin = group.z * run.splitKeys;
  let split_end = split_begin + run.splitKeys;
  let first_position = run.past + first / ${perHead}u;
  let last_position = run.past + min(first + ${queries - 1}u, stack - 1u) / ${perHead}u;
  // A stack that ends early repeats its last query, and writes it once.
  let own = min(vec4u(first + 4u * part) + vec4u(0, 1, 2, 3), vec4u(stack - 1u));
  let positions = vec4u(run.past) + own / ${perHead}u;
  let begins = max(vec4u(${four.map((i) => `first_visible(positions[${i}])`).join(', ')}), vec4u(split_begin));
  let ends = min(positions + 1u, vec4u(split_end));
  // If the policy does not change a head, it has no sides, so that the result is untouched to the last bit.
  let first_map = layer.x + first_head;
  let acting = vec4<bool>(${four.map((i) => `maps[first_map + own[${i}] % ${perHead}u].acts != 0.0`).join(', ')});
  var some_act = false;
  var all_act = true;
  for (var head = 0u; head < ${perHead}u; head++) {
    let acts = maps[first_map + head].acts != 0.0;
    some_act = some_act || acts;
    all_act = all_act && acts;
  }

  for (var i = lane; i < ${headDim * groups}u; i += ${threads}u) {
    let from_ = first + i % ${groups}u * 4u;
    let dimension = i / ${groups}u;
    query[i] = vec4f(${four.map((j) => `q[row_and_head(first_head, min(from_ + ${j}u, stack - 1u)) * ${headDim}u + dimension]`).join(', ')});
  }
  let begin = max(first_visible(first_position), split_begin);
  let end = min(last_position + 1u, split_end);
  if (begin < end) {
    // Each piece of each query always has the same thread of its group, which alone writes its sum.
    let closing_piece = piece_of(end - 1u);
    for (var piece = first_turn(piece_of(begin), place); piece <= closing_piece; piece += ${lanes}u) {
      ${eachPiece(() => `pieces[at] = vec2f(${NEVER}, 0.0);`)}
    }
  }
  workgroupBarrier();

  ${sides.map((side) => `var ${side}_maximum = vec4f(${NEVER}); var ${side}_sum = vec4f(0.0);\n${outputs(side, (name) => `var ${name} = vec4f(0.0);`)}`).join('\n  ')}

  for (var tile = begin / ${TILE}u * ${TILE}u; tile < end; tile += ${TILE}u) {
    ${ownKeys.map((i) => `var score${i} = vec4f(0.0);`).join(' ')}
    for (var i = 0u; i < ${quads}u; i++) {
      ${four.map((j) => `let query${j} = query[(4u * i + ${j}u) * ${groups}u + part];`).join('\n')}
      let at = (kv * ${quads}u + i) * run.capacity + tile + place;
      ${ownKeys
        .map(
          (i) => `{ let key = keys[at + ${i * lanes}u];
      score${i} += query0 * key.x + query1 * key.y + query2 * key.z + query3 * key.w; }`,
        )
        .join('\n')}
    }
    ${ownKeys
      .map(
        (i) => `
    let key${i} = vec4u(tile + place + ${i * lanes}u);
    let seen${i} = (key${i} >= begins) & (key${i} < ends);
    score${i} = select(vec4f(${NEVER}), vec4f(${four.map((j) => `capped(score${i}[${j}])`).join(', ')}), seen${i});`,
      )
      .join('')}

    let opening = tag_of(max(tile, begin));
    let opening_piece = opening & ${IN_TARGET - 1}u;
    let one_side = turn_of(opening_piece) >= tile + ${TILE}u;
    let all_see = tile >= max(first_visible(last_position), split_begin) && tile + ${TILE}u <= min(first_position + 1u, split_end);
    let all_rest = all_see && (!some_act || (one_side && opening < ${IN_TARGET}u));
    let all_target = all_see && all_act && one_side && opening >= ${IN_TARGET}u;
    ${ownKeys.map((i) => `var inside${i} = vec4<bool>(all_target);`).join(' ')}
    if (!all_rest && !all_target) {
      ${ownKeys.map((i) => `inside${i} = acting & vec4<bool>(tag_of(min(key${i}.x, end - 1u)) >= ${IN_TARGET}u);`).join('\n      ')}
    }
    ${sides.map((side) => `var ${side}_top = vec4f(${NEVER}); var ${side}_high = ${side}_maximum;`).join('\n    ')}
    ${ownKeys
      .map(
        (i) => `
    target_top = max(target_top, select(vec4f(${NEVER}), score${i}, inside${i}));
    rest_top = max(rest_top, select(score${i}, vec4f(${NEVER}), inside${i}));`,
      )
      .join('')}
    ${sides.map((side) => `${side}_tops[place * ${groups}u + part] = ${side}_top;`).join(' ')}
    workgroupBarrier();
    if (!all_rest) { ${highest('target')} }
    if (!all_target) { ${highest('rest')} }
    ${ownKeys
      .map(
        (i) => `
    let weight${i} = exp(score${i} - select(rest_high, target_high, inside${i}));
    weights[(place + ${i * lanes}u) * ${groups}u + part] = select(vec4f(0.0), weight${i}, seen${i});`,
      )
      .join('')}
    ${sides.map((side) => `let ${side}_fade = exp(${side}_maximum - ${side}_high);\n    ${side}_maximum = ${side}_high;`).join('\n    ')}
    workgroupBarrier();

    ${sides.map((side) => `var ${side}_tile = vec4f(0.0);`).join(' ')}
    if (all_rest) {
      ${addOneSide('rest')}
    } else if (all_target) {
      ${addOneSide('target')}
    } else {
      ${fade('target')}
      ${fade('rest')}
      for (var j = max(tile, begin); j < min(tile + ${TILE}u, end); j++) {
        let weight = weights[(j - tile) * ${groups}u + part];
        let inside = acting & vec4<bool>(tag_of(j) >= ${IN_TARGET}u);
        let seen = (vec4u(j) >= begins) & (vec4u(j) < ends);
        let at = (kv * run.capacity + j) * ${quads}u + place;
        ${values}
        target_tile += select(vec4f(0.0), weight, inside);
        rest_tile += select(weight, vec4f(0.0), inside);
        ${four
          .map(
            (query) => `if (seen[${query}]) {
          if (inside[${query}]) { ${held.map((i) => `target_output${query}_${i} += weight[${query}] * value${i};`).join(' ')} }
          else { ${held.map((i) => `rest_output${query}_${i} += weight[${query}] * value${i};`).join(' ')} }
        }`,
          )
          .join('\n        ')}
      }
    }

    // In whichever way a tile is added, its sums round alike.
    ${sides.map((side) => `${side}_sum = ${side}_sum * ${side}_fade + ${side}_tile;`).join('\n    ')}

    let closing_piece = piece_of(min(tile + ${TILE}u, end) - 1u);
    for (var piece = first_turn(opening_piece, place); piece <= closing_piece; piece += ${lanes}u) {
      // A query has the keys of a piece on one side; the other sum is 0.
      var sum = target_tile + rest_tile;
      if (opening_piece != closing_piece) {
        sum = vec4f(0.0);
        let stop = min(min(tile + ${TILE}u, end), start_of(piece + 1u));
        for (var j = max(max(tile, begin), start_of(piece)); j < stop; j++) {
          sum += weights[(j - tile) * ${groups}u + part];
        }
      }
      let high = select(rest_high, target_high, acting & vec4<bool>(is_inside(piece)));
      ${eachPiece((query) => `pieces[at] = vec2f(high[${query}], pieces[at].y * exp(pieces[at].x - high[${query}]) + sum[${query}]);`)}
    }
  }

  ${four
    .map(
      (query) => `if (first + 4u * part + ${query}u < stack) {
    let at = (row_and_head(first_head, own[${query}]) * run.splits + group.z) * ${partialSize(headDim) / 4}u;
    ${held
      .map(
        (i) => `if (place + ${i * lanes}u < ${quads}u) {
      partials[at + place + ${i * lanes}u] = target_output${query}_${i};
      partials[at + ${quads}u + place + ${i * lanes}u] = rest_output${query}_${i};
    }`,
      )
      .join('\n    ')}
    if (place == 0u) {
      partials[at + ${2 * quads}u] = vec4f(target_maximum[${query}], target_sum[${query}], rest_maximum[${query}], rest_sum[${query}]);
    }
  }`,
    )
    .join('\n  ')}
}
`;
}
