import { fourWeights, keepOutput, type MatrixKernel, matricesOf, matrixBindings } from './matrix.js';
import { PASS } from './pass.js';
import { entry, type Threads } from './workgroup.js';

/** Rows, and outputs, that a thread computes: sixteen sums from two reads of four numbers. */
const FOUR = 4;
/** The memory that a workgroup certainly has, in bytes. */
const WORKGROUP_BYTES = 16_384;

/** Rows and outputs of y that a workgroup computes. */
export function tileOf({ threads }: Threads): { readonly rows: number; readonly outputs: number } {
  const rowGroups = 2 ** Math.floor(Math.log2(threads) / 2);
  return { rows: FOUR * rowGroups, outputs: (FOUR * threads) / rowGroups };
}

/** Returns how many inputs are staged at once: at most 32, fewer if workgroup memory has no room for them. */
export function stagedInputs(kernel: TiledKernel): number {
  const { rows, outputs } = tileOf(kernel);
  let staged = 32;
  while (4 * staged * (rows + outputs * matricesOf(kernel).length) > WORKGROUP_BYTES) staged /= 2;
  return staged;
}

export interface TiledKernel extends MatrixKernel, Threads {}

/**
 * Computes y = W·x + b for several rows at once. A workgroup stages a block of x and of the decoded weights in its memory,
 * turned so that four rows, and four outputs, are next to each other; then each thread multiplies its four rows by its
 * four outputs. So a weight is read and decoded once for 32 rows (with 64 threads), and x once for 32 outputs.
 *
 * The sums of a row do not depend on the other rows, nor on the row's place in the tile: however a request is cut into
 * passes, it rounds alike.
 *
 * Bindings: those of {@link matrixBindings} and {@link fourWeights}.
 *
 * Workgroup (i, j) starts at row i·rows and output j·outputs of {@link tileOf}. Row tiles of the same outputs are
 * neighbours, so that they find the weights in the cache.
 */
export function linearTiled(kernel: TiledKernel): string {
  const { inputs, outputs, threads } = kernel;
  const tile = tileOf(kernel);
  const [rowGroups, outputGroups] = [tile.rows / FOUR, tile.outputs / FOUR];
  const staged = stagedInputs(kernel);
  const quads = inputs / 4;
  const blockQuads = staged / 4;
  const matrices = matricesOf(kernel);
  const four = [0, 1, 2, 3];
  const lines = (make: (i: number) => string): string => four.map(make).join('\n');
  /** Reads four numbers of four rows and writes them turned: for each number, the four rows. */
  const stage = (into: string, groups: number, offset: number, read: (i: number) => string): string => `
    for (var task = lane; task < ${groups * blockQuads}u; task += ${threads}u) {
      let part = task % ${groups}u;
      let quad = block * ${blockQuads}u + task / ${groups}u;
      // Written out: naga zeroes a variable without an initial value only once, not in every turn of a loop.
      var turned = mat4x4f();
      ${quads % blockQuads === 0 ? '{' : `if (quad < ${quads}u) {`}
        turned = transpose(mat4x4f(${four.map(read).join(', ')}));
      }
      let at = ${offset}u + task / ${groups}u * ${4 * groups}u + part;
      ${lines((i) => `${into}[at + ${i * groups}u] = turned[${i}];`)}
    }`;
  return /* wgsl */ `
${PASS}
${matrixBindings(kernel)}
${fourWeights(kernel.format)}
${keepOutput(kernel)}
/** [inputs, row groups] of four rows, and for each matrix [inputs, output groups] of four outputs. */
var<workgroup> states: array<vec4f, ${staged * rowGroups}>;
var<workgroup> weights: array<vec4f, ${matrices.length * staged * outputGroups}>;

${entry(kernel)}
  let first_row = group.x * ${tile.rows}u;
  let first_output = group.y * ${tile.outputs}u;
  let rows = lane / ${outputGroups}u;
  let columns = lane % ${outputGroups}u;
  ${matrices.map((name) => lines((i) => `var ${name}${i} = vec4f(0.0);`)).join('\n')}
  for (var block = 0u; block < ${Math.ceil(quads / blockQuads)}u; block++) {
    ${stage('states', rowGroups, 0, (i) => `x[min(first_row + 4u * part + ${i}u, run.rows - 1u) * ${quads}u + quad]`)}
    ${matrices
      .map((_, matrix) =>
        stage(
          'weights',
          outputGroups,
          matrix * staged * outputGroups,
          (i) =>
            `four((min(first_output + 4u * part + ${i}u, ${outputs - 1}u) + ${matrix * outputs}u) * ${quads}u + quad)`,
        ),
      )
      .join('')}
    workgroupBarrier();
    for (var i = 0u; i < ${staged}u; i++) {
      let a = states[i * ${rowGroups}u + rows];
      ${matrices
        .map(
          (name, matrix) => `
      let ${name} = weights[${matrix * staged * outputGroups}u + i * ${outputGroups}u + columns];
      ${lines((row) => `${name}${row} += a[${row}] * ${name};`)}`,
        )
        .join('')}
    }
    workgroupBarrier();
  }
  ${lines(
    (i) => `{
    let row = first_row + 4u * rows + ${i}u;
    let output = first_output + 4u * columns;
    if (row < run.rows) {
      ${lines(
        (j) =>
          `if (output + ${j}u < ${outputs}u) { keep(row, output + ${j}u, ${matrices.map((name) => `${name}${i}[${j}]`).join(', ')}); }`,
      )}
    }
  }`,
  )}
}
`;
}
