import { BEST, type DrawKernel, drawn, LEVELS, MOST_CANDIDATES, PICKED_HEAD } from './draw.js';
import { entry } from './workgroup.js';

/**
 * Copies the tokens of the first levels, in no particular order, until they include all that a draw can reach or the
 * maximum wanted. Levels are copied whole, so there are often a few more. If they exceed the capacity, the caller can
 * use only their number.
 *
 * The weight of a level is bounded from below, as if all its tokens were at its end.
 *
 * Bindings 1 to 5 of {@link drawn}. A workgroup finds the place of its candidates from the counts of the parts before
 * it.
 */
export const pick = (kernel: DrawKernel): string => /* wgsl */ `
${drawn(kernel)}
@group(0) @binding(1) var<storage, read> logits: array<f32>;
@group(0) @binding(2) var<storage, read> weights: array<vec4f>;
@group(0) @binding(3) var<storage, read> levels: array<u32>;
@group(0) @binding(4) var<storage, read_write> picked: array<u32>;
@group(0) @binding(5) var<uniform> draw: Draw;
${BEST}
var<workgroup> all: array<u32, ${LEVELS}>;
var<workgroup> before: array<u32, ${LEVELS}>;
var<workgroup> at_least: array<f32, ${LEVELS}>;
var<workgroup> last_level: u32;
var<workgroup> taken: atomic<u32>;

${entry(kernel)}
  let best = best_logit();
  for (var level = lane; level < LEVELS; level += ${kernel.threads}u) {
    var sum = 0u;
    for (var part = 0u; part < PARTS; part++) {
      if (part == group.x) { before[level] = sum; }
      sum += levels[part * LEVELS + level];
    }
    all[level] = sum;
    at_least[level] = f32(sum) * exp(-end_of(level) * draw.inverseTemperature);
  }
  workgroupBarrier();
  if (lane == 0u) {
    var own = 0.0;
    var cooled = 0.0;
    for (var part = 0u; part < PARTS; part++) {
      own += weights[part].y * exp(weights[part].x - best);
      cooled += weights[part].z * exp((weights[part].x - best) * draw.inverseTemperature);
    }
    var level = 0u;
    var count = all[0];
    var first = before[0];
    var held = at_least[0];
    while (level < LEVELS - 1u && count < draw.most) {
      let suffices = held >= draw.topP * cooled || end_of(level) >= draw.distance;
      if (suffices && count >= draw.least) { break; }
      level++;
      count += all[level];
      first += before[level];
      held += at_least[level];
    }
    last_level = level;
    atomicStore(&taken, first);
    if (group.x == 0u) {
      picked[0] = count;
      picked[1] = bitcast<u32>(best);
      picked[2] = bitcast<u32>(own);
      picked[3] = bitcast<u32>(cooled);
      picked[4] = bitcast<u32>(end_of(level));
    }
  }
  workgroupBarrier();
  let end = begin_of(group.x + 1u);
  for (var id = begin_of(group.x) + lane; id < end; id += ${kernel.threads}u) {
    if (level_of(best, logits[id]) <= last_level) {
      let place = atomicAdd(&taken, 1u);
      if (place < ${MOST_CANDIDATES}u) {
        picked[${PICKED_HEAD}u + 2u * place] = id;
        picked[${PICKED_HEAD + 1}u + 2u * place] = bitcast<u32>(logits[id]);
      }
    }
  }
}
`;
