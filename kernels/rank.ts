import { BEST, type DrawKernel, drawn, LEVELS } from './draw.js';
import { entry } from './workgroup.js';

/**
 * Counts the logits of a part of the row at each level.
 *
 * Bindings 1, 2 and 3 of {@link drawn}.
 */
export const rank = (kernel: DrawKernel): string => /* wgsl */ `
${drawn(kernel)}
@group(0) @binding(1) var<storage, read> logits: array<f32>;
@group(0) @binding(2) var<storage, read> weights: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> levels: array<u32>;
${BEST}
var<workgroup> counts: array<atomic<u32>, ${LEVELS}>;

${entry(kernel)}
  let best = best_logit();
  for (var level = lane; level < LEVELS; level += ${kernel.threads}u) { atomicStore(&counts[level], 0u); }
  workgroupBarrier();
  let end = begin_of(group.x + 1u);
  for (var id = begin_of(group.x) + lane; id < end; id += ${kernel.threads}u) {
    atomicAdd(&counts[level_of(best, logits[id])], 1u);
  }
  workgroupBarrier();
  for (var level = lane; level < LEVELS; level += ${kernel.threads}u) {
    levels[group.x * LEVELS + level] = atomicLoad(&counts[level]);
  }
}
`;
