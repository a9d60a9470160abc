import { keepOutput, type MatrixKernel, matricesOf, matrixBindings, unitOf } from './matrix.js';
import {
  enables,
  entryOfSubgroups,
  loadsByGroups,
  overLanes,
  overWorkgroup,
  sideBySide,
  type Workgroup,
} from './workgroup.js';

/** The sizes and options of a program that multiplies a matrix by one row. */
export interface LinearKernel extends MatrixKernel, Workgroup {
  /** Threads that share outputs: a power of two that divides `threads`. */
  readonly lanes: number;
  /** ε of the root-mean-square norm that x goes through first, which saves a dispatch; null: no norm. */
  readonly normEpsilon: number | null;
}

/** Outputs that the same lanes compute, so that they read x once for all of them. */
const OUTPUTS = 4;

/** Workgroups of a dispatch in direction x, below WebGPU's limit of 65,535. */
export const OUTPUT_GROUPS = 32768;

/** Returns how many outputs a workgroup computes. */
export const outputsPerGroup = ({ threads, lanes }: Pick<LinearKernel, 'threads' | 'lanes'>): number =>
  (OUTPUTS * threads) / lanes;

/**
 * Returns how often a workgroup loads all of x, to count bytes: once for every {@link OUTPUTS} outputs. With a norm, it loads the
 * norm's weights beside x, which are as many, and x once more for the norm's factor.
 */
export function inputLoads(
  { threads, lanes }: Pick<LinearKernel, 'threads' | 'lanes'>,
  isNormed: boolean,
): number {
  const loads = loadsByGroups(threads, lanes);
  return isNormed ? 2 * loads + 1 : loads;
}

/**
 * Computes y = W·x + b for one row, or y = W·norm(x) + b. Neighbouring lanes read neighbouring words of W, and neighbouring
 * numbers of x. Every workgroup computes the norm's factor, as x is short.
 *
 * Bindings: those of {@link matrixBindings} and {@link unitOf}; 6 the norm's weights `[inputs]`.
 *
 * A workgroup computes {@link outputsPerGroup} outputs. Workgroup (i, 1, k) starts at output (k·32768 + i) times that.
 */
export function linear(kernel: LinearKernel): string {
  const { format, inputs, outputs, lanes, threads, normEpsilon } = kernel;
  const unit = unitOf(format);
  const units = inputs / unit.size;
  const matrices = matricesOf(kernel);
  const four = Array.from({ length: OUTPUTS }, (_, i) => i);
  const reads = Array.from({ length: unit.size / 4 }, (_, i) => i);
  const input = (at: string): string => (normEpsilon === null ? `x[${at}]` : `x[${at}] * norms[${at}]`);
  const inputsRead = reads.map((i) => `x${i}`).join(', ');
  return /* wgsl */ `
${enables(kernel)}
${matrixBindings(kernel)}
${unit.functions}
${keepOutput(kernel)}
${normEpsilon === null ? '' : `@group(0) @binding(6) var<storage, read> norms: array<vec4f>;\n${overWorkgroup(kernel, 'f32', 'sum')}`}
${lanes === sideBySide(kernel, lanes) ? '' : `var<workgroup> parts: array<vec4f, ${threads * matrices.length}>;`}

${entryOfSubgroups(kernel)}
  let first = (group.z * ${OUTPUT_GROUPS}u + group.x) * ${outputsPerGroup(kernel)}u + lane / ${lanes}u * ${OUTPUTS}u;
  let share = lane % ${lanes}u;
  ${
    normEpsilon === null
      ? ''
      : `
  var squares = 0.0;
  for (var i = lane; i < ${inputs / 4}u; i += ${threads}u) { squares += dot(x[i], x[i]); }
  let inverse = inverseSqrt(workgroup_sum(lane, squares) / ${inputs}.0 + ${normEpsilon});`
  }
  ${matrices.map((name) => `var ${name} = vec4f(0.0);`).join(' ')}
  for (var trip = 0u; trip < ${Math.ceil(units / lanes)}u; trip++) {
    let unit = trip * ${lanes}u + share;
    ${units % lanes === 0 ? '{' : `if (unit < ${units}u) {`}
      ${reads.map((i) => `let x${i} = ${input(`unit * ${unit.size / 4}u + ${i}u`)};`).join('\n')}
      let total = dot(${reads.map((i) => `x${i}`).join(' + ')}, vec4f(1.0));
      ${matrices
        .map(
          (name, matrix) =>
            `${name} += vec4f(${four.map((i) => `product((min(first + ${i}u, ${outputs - 1}u) + ${matrix * outputs}u) * ${units}u + unit, total, ${inputsRead})`).join(', ')});`,
        )
        .join('\n')}
    }
  }
  ${overLanes(kernel, lanes, matrices, (matrix, further) => `parts[lane + ${matrix * threads + further}u]`)}
  if (share != 0u) { return; }
  ${normEpsilon === null ? '' : matrices.map((name) => `${name} *= inverse;`).join(' ')}
  ${four
    .map(
      (i) =>
        `if (first + ${i}u < ${outputs}u) { keep(0u, first + ${i}u, ${matrices.map((name) => `${name}[${i}]`).join(', ')}); }`,
    )
    .join('\n')}
}
`;
}
