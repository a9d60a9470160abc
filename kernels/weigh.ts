import { type DrawKernel, drawn } from './draw.js';
import { NEVER } from './pass.js';
import { entry } from './workgroup.js';

/**
 * Finds the best logit of a part of the row, and the total weight of its tokens relative to that logit, at temperature
 * 1 and at the draw's temperature.
 *
 * Bindings 1, 2 and 5 of {@link drawn}.
 */
export const weigh = (kernel: DrawKernel): string => /* wgsl */ `
${drawn(kernel)}
@group(0) @binding(1) var<storage, read> logits: array<f32>;
@group(0) @binding(2) var<storage, read_write> weights: array<vec4f>;
@group(0) @binding(5) var<uniform> draw: Draw;
var<workgroup> parts: array<vec3f, ${kernel.threads}>;

${entry(kernel)}
  let end = begin_of(group.x + 1u);
  var best = ${NEVER};
  for (var id = begin_of(group.x) + lane; id < end; id += ${kernel.threads}u) { best = max(best, logits[id]); }
  parts[lane].x = best;
  workgroupBarrier();
  for (var i = 0u; i < ${kernel.threads}u; i++) { best = max(best, parts[i].x); }
  // Wait until all threads have read, before any writes.
  workgroupBarrier();
  var own = 0.0;
  var cooled = 0.0;
  for (var id = begin_of(group.x) + lane; id < end; id += ${kernel.threads}u) {
    own += exp(logits[id] - best);
    cooled += exp((logits[id] - best) * draw.inverseTemperature);
  }
  parts[lane].y = own;
  parts[lane].z = cooled;
  workgroupBarrier();
  if (lane != 0u) { return; }
  for (var i = 1u; i < ${kernel.threads}u; i++) {
    own += parts[i].y;
    cooled += parts[i].z;
  }
  weights[group.x] = vec4f(best, own, cooled, 0.0);
}
`;
