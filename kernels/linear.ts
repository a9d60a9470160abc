import { PASS } from './pass.js';
import { softCap, tanh } from './soft-cap.js';
import { enables, entryOfSubgroups, type Workgroup } from './workgroup.js';

/** How a matrix lies in memory. */
export type MatrixFormat =
  | { readonly kind: 'f32' }
  /** Two numbers to a word; halves are read by `unpack2x16float`, so that no feature is needed. */
  | { readonly kind: 'f16' | 'bf16' }
  /** Integers in blocks, w = scale·q + offset: 4 bits to a nibble, biased by 8, or 8 bits to a signed byte. */
  | { readonly kind: 'blocks'; readonly bits: 4 | 8; readonly blockSize: 16 | 32; readonly offsets: boolean };

type Activation = 'silu' | 'gelu-tanh';

export interface LinearKernel extends Workgroup {
  readonly format: MatrixFormat;
  readonly inputs: number;
  /** Of y; with a gate the matrix has twice as many. */
  readonly outputs: number;
  /** Columns of y, and the first that is written. */
  readonly columns: number;
  readonly column: number;
  /**
   * `add`: y += W·x, the residual. `silu`, `gelu-tanh`: y = act(W·x) ⊙ V·x, where W's rows stand above V's;
   * `silu-times-y`, `gelu-tanh-times-y`: y = act(W·x) ⊙ y, where V·x lies there already.
   */
  readonly into: 'store' | 'add' | Activation | `${Activation}-times-y`;
  readonly bias: boolean;
  /** Factor on W·x + b; not with a gate. */
  readonly scale: number;
  /** Soft cap of what is stored, null: none. */
  readonly cap: number | null;
  /** Threads that share an output; a power of two, a divisor of `threads`. */
  readonly lanes: number;
  /** Rows of x that a thread takes at once, so that a weight is read once for all of them. */
  readonly tile: number;
}

/** Outputs of a row of workgroups: a dispatch may be no wider than 65,535. */
export const OUTPUT_GROUPS = 32768;

/**
 * y = W·x + b.
 *
 *   1 x `[rows, inputs]`, 2 W `[outputs, inputs]`, 3 b `[outputs]`, 4 scales `[outputs, inputs / block]`, paired with
 *   offsets where there are any, 5 y `[rows, columns]`
 *
 * A workgroup makes threads / lanes outputs of `tile` rows: workgroup (i, j, k) the outputs from
 * (k·32768 + i)·threads / lanes on, of the rows from j·tile on.
 */
export function linear(kernel: LinearKernel): string {
  const { format, inputs, outputs, columns, column, into, bias, lanes, tile, threads } = kernel;
  const gated = into === 'silu' || into === 'gelu-tanh';
  const rows = Array.from({ length: tile }, (_, row) => row);
  const each = (make: (row: number) => string): string => rows.map(make).join('\n');
  const unit = unitOf(format);
  const units = inputs / unit.size;
  const matrices = gated ? ['gate', 'up'] : ['sum'];
  return /* wgsl */ `
${enables(kernel)}
${PASS}
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> weight: array<${unit.type}>;
${bias ? '@group(0) @binding(3) var<storage, read> bias: array<f32>;' : ''}
${format.kind === 'blocks' ? `@group(0) @binding(4) var<storage, read> scales: array<${format.offsets ? 'vec2f' : 'f32'}>;` : ''}
@group(0) @binding(5) var<storage, read_write> y: array<f32>;
${lanes === sideBySide(kernel) ? '' : `var<workgroup> parts: array<f32, ${threads * tile * matrices.length}>;`}
${unit.functions}
${ACTIVATIONS[into]}

${entryOfSubgroups(kernel)}
  let output = (group.z * ${OUTPUT_GROUPS}u + group.x) * ${threads / lanes}u + lane / ${lanes}u;
  let share = lane % ${lanes}u;
  let first = group.y * ${tile}u;
  ${matrices.map((name) => each((row) => `var ${name}${row} = 0.0;`)).join('\n')}
  if (output < ${outputs}u) {
    for (var unit = share; unit < ${units}u; unit += ${lanes}u) {
      ${matrices
        .map((name, matrix) =>
          unit.product(
            `(output + ${matrix * outputs}u) * ${units}u + unit`,
            (row) => `(first + ${row}u) * ${inputs / 4}u + unit * ${unit.size / 4}u`,
            (row) => `${name}${row}`,
            rows,
          ),
        )
        .join('\n')}
    }
  }
  ${overLanes(
    kernel,
    matrices.flatMap((name) => rows.map((row) => `${name}${row}`)),
  )}
  if (share != 0u) { return; }
  if (output >= ${outputs}u) { return; }
  ${each(
    (row) => `
  if (first + ${row}u < run.rows) {
    let at = (first + ${row}u) * ${columns}u + ${column}u + output;
    ${resultOf(kernel, row)}
  }`,
  )}
}
`;
}

/** How many of the threads that share an output surely lie in one subgroup; 1 where there are none. */
const sideBySide = ({ lanes, subgroup }: LinearKernel): number => Math.min(lanes, subgroup ?? 1);

/**
 * Statements after which the first of the threads that share an output has the sums of all of them: handed on directly as
 * far as a subgroup surely reaches, and from there by way of shared memory. The lanes do not become fewer where subgroups
 * may be narrow: how many neighbouring words are read at once matters more than how the sums come together.
 */
function overLanes(kernel: LinearKernel, sums: readonly string[]): string {
  const { lanes, threads } = kernel;
  const direct = sideBySide(kernel);
  const halvings = Array.from({ length: Math.log2(direct) }, (_, i) => direct >> (i + 1));
  const shuffles = sums
    .flatMap((sum) => halvings.map((by) => `${sum} += subgroupShuffleXor(${sum}, ${by}u);`))
    .join('\n');
  if (lanes === direct) return shuffles;
  return /* wgsl */ `
  ${shuffles}
  ${sums.map((sum, at) => `parts[${at * threads}u + lane] = ${sum};`).join('\n')}
  workgroupBarrier();
  if (share == 0u) {
    for (var other = ${direct}u; other < ${lanes}u; other += ${direct}u) {
      ${sums.map((sum, at) => `${sum} += parts[${at * threads}u + lane + other];`).join('\n')}
    }
  }`;
}

// Where exp overflows, what comes of it is not defined; at 80 the quotient is 0 in f32 as good as any.
const SILU = 'fn activate(v: f32) -> f32 { return v / (1.0 + exp(min(-v, 80.0))); }';
const GELU_TANH = `fn activate(v: f32) -> f32 { return 0.5 * v * (1.0 + ${tanh('0.7978845608028654 * (v + 0.044715 * v * v * v)')}); }`;
const ACTIVATIONS: Readonly<Record<LinearKernel['into'], string>> = {
  ...{ store: '', add: '' },
  ...{ silu: SILU, 'silu-times-y': SILU },
  ...{ 'gelu-tanh': GELU_TANH, 'gelu-tanh-times-y': GELU_TANH },
};

function resultOf({ into, bias, outputs, scale, cap }: LinearKernel, row: number): string {
  const biased = (name: string, at: string): string =>
    bias ? `${name}${row} + bias[${at}]` : `${name}${row}`;
  const sum = scale === 1 ? biased('sum', 'output') : `${scale} * (${biased('sum', 'output')})`;
  switch (into) {
    case 'store':
      return `y[at] = ${softCap(sum, cap)};`;
    case 'add':
      return `y[at] += ${sum};`;
    case 'silu-times-y':
    case 'gelu-tanh-times-y':
      return `y[at] = activate(${sum}) * y[at];`;
    default:
      return `y[at] = activate(${biased('gate', 'output')}) * (${biased('up', `output + ${outputs}u`)});`;
  }
}

/** What a thread reads of a matrix at once. */
interface Unit {
  /** Weights in it. */
  readonly size: number;
  readonly type: string;
  readonly functions: string;
  /** Statements that add a unit's products with the same stretch of each row of x to that row's sum. */
  product(
    at: string,
    inputAt: (row: number) => string,
    sum: (row: number) => string,
    rows: readonly number[],
  ): string;
}

function unitOf(format: MatrixFormat): Unit {
  if (format.kind === 'blocks') return blockUnit(format);
  return {
    size: 4,
    type: format.kind === 'f32' ? 'vec4f' : 'vec2<u32>',
    functions: FOUR[format.kind],
    product: (at, inputAt, sum, rows) => `{
      let w = four(weight[${at}]);
      ${rows.map((row) => `${sum(row)} += dot(w, x[${inputAt(row)}]);`).join('\n')}
    }`,
  };
}

/** Four weights as f32. The high half of an f32 is a bf16. */
const FOUR = {
  f32: 'fn four(w: vec4f) -> vec4f { return w; }',
  f16: 'fn four(w: vec2<u32>) -> vec4f { return vec4f(unpack2x16float(w.x), unpack2x16float(w.y)); }',
  bf16: `fn four(w: vec2<u32>) -> vec4f {
    return bitcast<vec4f>(vec4u(w.x << 16u, w.x & 0xffff0000u, w.y << 16u, w.y & 0xffff0000u));
  }`,
};

function blockUnit({ bits, blockSize, offsets }: Extract<MatrixFormat, { kind: 'blocks' }>): Unit {
  // Of a block's words as many as are read in one go: neighbouring threads read neighbouring memory.
  const words = Math.min(4, (blockSize * bits) / 32);
  const size = (words * 32) / bits;
  // A loop over the block's words: written out, a program takes a software adapter ten times as long to compile.
  const addFour = (
    weights: string,
    four: string,
    inputAt: (row: number) => string,
    sum: (row: number) => string,
    rows: readonly number[],
  ): string => `{
        let w = ${offsets ? `scale.x * ${weights} + scale.y` : `scale * ${weights}`};
        ${rows.map((row) => `${sum(row)} += dot(w, x[${inputAt(row)} + ${four}]);`).join('\n')}
      }`;
  return {
    size,
    type: `vec${words}<u32>`,
    functions:
      bits === 8
        ? 'fn bytes(w: u32) -> vec4f { return vec4f((vec4i(bitcast<i32>(w)) << vec4u(24, 16, 8, 0)) >> vec4u(24)); }'
        : `fn low(w: u32) -> vec4f { return vec4f((vec4u(w) >> vec4u(0, 4, 8, 12)) & vec4u(15)) - 8.0; }
           fn high(w: u32) -> vec4f { return vec4f((vec4u(w) >> vec4u(16, 20, 24, 28)) & vec4u(15)) - 8.0; }`,
    product: (at, inputAt, sum, rows) => `{
      let at = ${at};
      let scale = scales[at / ${blockSize / size}u];
      let words = weight[at];
      for (var i = 0u; i < ${words}u; i++) {
        let word = words[i];
        ${
          bits === 8
            ? addFour('bytes(word)', 'i', inputAt, sum, rows)
            : `${addFour('low(word)', '2u * i', inputAt, sum, rows)}
        ${addFour('high(word)', '2u * i + 1u', inputAt, sum, rows)}`
        }
      }
    }`,
  };
}
