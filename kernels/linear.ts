import { PASS } from './pass.js';
import { softCap, tanh } from './soft-cap.js';
import { enables, entryOfSubgroups, type Workgroup } from './workgroup.js';

/** The layout of a matrix in memory. */
export type MatrixFormat =
  | { readonly kind: 'f32' }
  /** Two numbers per word. `unpack2x16float` reads f16, so no WebGPU feature is needed. */
  | { readonly kind: 'f16' | 'bf16' }
  /** Blocks of integers, w = scale·q + offset: nibbles with a bias of 8 for 4 bits, signed bytes for 8 bits. */
  | { readonly kind: 'blocks'; readonly bits: 4 | 8; readonly blockSize: 16 | 32; readonly offsets: boolean };

type Activation = 'silu' | 'gelu-tanh';

/** The sizes and options of a program for a matrix. */
export interface LinearKernel extends Workgroup {
  readonly format: MatrixFormat;
  readonly inputs: number;
  /** Outputs written to y. If gate and up are one matrix, it has twice as many. */
  readonly outputs: number;
  /** Columns of y. */
  readonly columns: number;
  /** The first column of y that is written. */
  readonly column: number;
  /**
   * How y is written. `store`: y = W·x. `add`: y += W·x, the residual. `silu`, `gelu-tanh`: y = act(W·x) ⊙ V·x, where
   * one matrix holds W's rows, then V's. `silu-times-y`, `gelu-tanh-times-y`: y = act(W·x) ⊙ y, where y already holds
   * V·x.
   */
  readonly into: 'store' | 'add' | Activation | `${Activation}-times-y`;
  readonly bias: boolean;
  /** Factor on W·x + b; unused with a gate. */
  readonly scale: number;
  /** Soft cap on what is stored; null: none. */
  readonly cap: number | null;
  /** Threads that share an output: a power of two that divides `threads`. */
  readonly lanes: number;
  /** Rows of x that a thread processes at once, so that it reads each weight only once for all of them. */
  readonly tile: number;
}

/** Workgroups of a dispatch in direction x, below WebGPU's limit of 65,535. */
export const OUTPUT_GROUPS = 32768;

/**
 * Computes y = W·x + b.
 *
 * Bindings: 1 x `[rows, inputs]`; 2 W `[outputs, inputs]`; 3 b `[outputs]`; 4 scales `[outputs, inputs / block]`, or
 * pairs of scale and offset; 5 y `[rows, columns]`.
 *
 * A workgroup computes threads / lanes outputs for `tile` rows. Workgroup (i, j, k) starts at output
 * (k·32768 + i)·threads / lanes and row j·tile.
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

/** Returns how many of the threads that share an output are certainly in one subgroup; 1 without subgroups. */
const sideBySide = ({ lanes, subgroup }: LinearKernel): number => Math.min(lanes, subgroup ?? 1);

/**
 * Returns statements that add up the sums of all threads that share an output, in the first of them. Threads of one
 * subgroup exchange sums directly; the rest goes through shared memory. Narrow subgroups do not reduce the number of
 * lanes: reading many neighbouring words at once matters more than adding the sums fast.
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

// The result of exp is undefined if it overflows. At 80 the quotient is practically 0 in f32.
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

/** The weights that a thread reads from a matrix at once. */
interface Unit {
  /** Number of weights. */
  readonly size: number;
  /** Their WGSL type. */
  readonly type: string;
  /** WGSL functions that decode them. */
  readonly functions: string;
  /** Returns statements that multiply the unit with the same elements of each row of x and add to that row's sum. */
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

/** WGSL that decodes four weights to f32. A bf16 is the high half of an f32. */
const FOUR = {
  f32: 'fn four(w: vec4f) -> vec4f { return w; }',
  f16: 'fn four(w: vec2<u32>) -> vec4f { return vec4f(unpack2x16float(w.x), unpack2x16float(w.y)); }',
  bf16: `fn four(w: vec2<u32>) -> vec4f {
    return bitcast<vec4f>(vec4u(w.x << 16u, w.x & 0xffff0000u, w.y << 16u, w.y & 0xffff0000u));
  }`,
};

function blockUnit({ bits, blockSize, offsets }: Extract<MatrixFormat, { kind: 'blocks' }>): Unit {
  // Read up to four words of a block at once; neighbouring threads read neighbouring memory.
  const words = Math.min(4, (blockSize * bits) / 32);
  const size = (words * 32) / bits;
  // Loop over the block's words: an unrolled program takes ten times as long to compile on a software GPU.
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
