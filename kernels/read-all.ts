import { entry } from './workgroup.js';

/**
 * Reads a buffer once, as fast as the device can, to measure the memory bandwidth.
 *
 * Bindings: 1 values; 2 sums `[groups · threads]`, written so that no read can be optimised away.
 */
export const readAll = (threads: number, groups: number): string => /* wgsl */ `
@group(0) @binding(1) var<storage, read> values: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> sums: array<f32>;
${entry({ threads })}
  let thread = group.x * ${threads}u + lane;
  var sum = vec4f(0.0);
  for (var i = thread; i < arrayLength(&values); i += ${threads * groups}u) { sum += values[i]; }
  sums[thread] = dot(sum, vec4f(1.0));
}
`;
