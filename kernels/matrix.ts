import { TANH } from './numbers.js';
import { softCap } from './soft-cap.js';

/** The layout of a matrix in memory. */
export type MatrixFormat =
  | { readonly kind: 'f32' }
  /** Two numbers per word. `unpack2x16float` reads f16, so no WebGPU feature is needed. */
  | { readonly kind: 'f16' | 'bf16' }
  | BlockFormat;

/** Blocks of integers, w = scale·q + offset: nibbles with a bias of 8 for 4 bits, signed bytes for 8 bits. */
interface BlockFormat {
  readonly kind: 'blocks';
  readonly bits: 4 | 8;
  readonly blockSize: 16 | 32;
  /**
   * What a block has: a scale as f32, one as f16 (two per word), a scale and an offset as f32, or a scale and a minimum as f16. The
   * offset is then the minimum plus {@link CENTRES} times the scale. Products are a signed byte of the block times an f32 that 256
   * weights share: in memory, the f32 of scales and that of minimums, which are subtracted, then the bytes of both.
   */
  readonly scales: 'f32' | 'f16' | 'f32 and offset' | 'f16 and minimum' | 'products' | 'products and minimum';
}

/** What the integers of a type with minimums count from, by their bits. */
export const CENTRES = { 4: 8, 8: 16 } as const;

/** Weights that share the factors of products. */
const SHARING = 256;

/** Words of the products of 256 weights. */
export const productWords = ({ blockSize, scales }: Pick<BlockFormat, 'blockSize' | 'scales'>): number =>
  (1 + SHARING / blockSize / 4) * (scales === 'products' ? 1 : 2);

type Activation = 'silu' | 'gelu-tanh';

/** The sizes and options of a product with a matrix. */
export interface MatrixKernel {
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
}

/** The names of the matrices whose products with x are computed at once. */
export const matricesOf = ({ into }: MatrixKernel): readonly string[] =>
  into === 'silu' || into === 'gelu-tanh' ? ['gate', 'up'] : ['sum'];

/**
 * Returns the bindings of a product y = W·x + b, but for W: 1 x `[rows, inputs]`; 3 b `[outputs]`; 4 scales `[outputs,
 * inputs / block]`, in the form of the format; 5 y `[rows, columns]`.
 */
export const matrixBindings = ({ bias, format }: MatrixKernel): string => /* wgsl */ `
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
${bias ? '@group(0) @binding(3) var<storage, read> bias: array<f32>;' : ''}
${format.kind === 'blocks' ? scalesOf(format) : ''}
@group(0) @binding(5) var<storage, read_write> y: array<f32>;`;

/** Binding 4, and `fn scale_of(block)`. */
const scalesOf = (format: BlockFormat, { bits } = format): string =>
  ({
    f32: `
@group(0) @binding(4) var<storage, read> scales: array<f32>;
fn scale_of(block: u32) -> f32 { return scales[block]; }`,
    f16: `
@group(0) @binding(4) var<storage, read> scales: array<u32>;
fn scale_of(block: u32) -> f32 { return unpack2x16float(scales[block / 2u] >> (block % 2u * 16u)).x; }`,
    'f32 and offset': `
@group(0) @binding(4) var<storage, read> scales: array<vec2f>;
fn scale_of(block: u32) -> vec2f { return scales[block]; }`,
    'f16 and minimum': `
@group(0) @binding(4) var<storage, read> scales: array<u32>;
fn scale_of(block: u32) -> vec2f {
  let pair = unpack2x16float(scales[block]);
  return vec2f(pair.x, pair.y + ${CENTRES[bits]}.0 * pair.x);
}`,
    products: `${productOf(format)}
fn scale_of(block: u32) -> f32 { return product_of(block, 0u, 1u); }`,
    'products and minimum': `${productOf(format)}
fn scale_of(block: u32) -> vec2f {
  let scale = product_of(block, 0u, 2u);
  return vec2f(scale, ${CENTRES[bits]}.0 * scale - product_of(block, 1u, ${2 + SHARING / format.blockSize / 4}u));
}`,
  })[format.scales];

/** WGSL for `fn product_of(block, factor, bytes)`, from the places of the factor and of the first bytes. */
const productOf = (format: BlockFormat): string => {
  const blocks = SHARING / format.blockSize;
  return `
@group(0) @binding(4) var<storage, read> scales: array<u32>;
fn product_of(block: u32, factor: u32, bytes: u32) -> f32 {
  let at = block / ${blocks}u * ${productWords(format)}u;
  let own = block % ${blocks}u;
  let byte = bitcast<i32>(scales[at + bytes + own / 4u] << (24u - own % 4u * 8u)) >> 24u;
  return bitcast<f32>(scales[at + factor]) * f32(byte);
}`;
};

/** Returns WGSL that applies a block's `scale` to a sum of its integers times numbers, which add up to `total`. */
const scaled = ({ scales }: BlockFormat, sum: string, total: string): string =>
  scales.includes(' and ') ? `scale.x * (${sum}) + scale.y * ${total}` : `scale * (${sum})`;

/**
 * Returns binding 2, W `[outputs, inputs]`, and `fn four(quad)`, which decodes four consecutive weights to f32. A bf16 is
 * the high half of an f32.
 */
export function fourWeights(format: MatrixFormat): string {
  const [type, decode] =
    format.kind === 'blocks'
      ? (['u32', blocksOf(format)] as const)
      : ([format.kind === 'f32' ? 'vec4f' : 'vec2<u32>', FLOATS[format.kind]] as const);
  return /* wgsl */ `
@group(0) @binding(2) var<storage, read> weight: array<${type}>;
fn four(quad: u32) -> vec4f {${decode}
}`;
}

const FLOATS = {
  f32: `
  return weight[quad];`,
  f16: `
  let w = weight[quad];
  return vec4f(unpack2x16float(w.x), unpack2x16float(w.y));`,
  bf16: `
  let w = weight[quad];
  return bitcast<vec4f>(vec4u(w.x << 16u, w.x & 0xffff0000u, w.y << 16u, w.y & 0xffff0000u));`,
};

/** WGSL for the four signed bytes of a word, and for the four nibbles of its low half, as f32. */
const bytesOf = (word: string): string =>
  `vec4f((vec4i(bitcast<i32>(${word})) << vec4u(24, 16, 8, 0)) >> vec4u(24))`;
const nibblesOf = (word: string): string => `vec4f((vec4u(${word}) >> vec4u(0, 4, 8, 12)) & vec4u(15))`;

const blocksOf = (format: BlockFormat): string => `
  let scale = scale_of(quad / ${format.blockSize / 4}u);
  let q = ${format.bits === 8 ? bytesOf('weight[quad]') : `${nibblesOf('weight[quad / 2u] >> (quad % 2u * 16u)')} - 8.0`};
  return ${scaled(format, 'q', '1.0')};`;

/** The weights that a thread of {@link linear} reads at once. */
export interface WeightUnit {
  /** Number of weights: 4, or 8 in one word of nibbles. */
  readonly size: 4 | 8;
  /**
   * Binding 2 and `fn product(unit, total, …x)`: the sum of weights times x, where x is a group of four numbers for each
   * four weights, and `total` is their sum. Scale and offset of a block are applied once to a whole unit.
   */
  readonly functions: string;
}

export function unitOf(format: MatrixFormat): WeightUnit {
  if (format.kind !== 'blocks') {
    const product = 'fn product(unit: u32, total: f32, x0: vec4f) -> f32 { return dot(four(unit), x0); }';
    return { size: 4, functions: `${fourWeights(format)}\n${product}` };
  }
  const { bits, blockSize } = format;
  const size = bits === 8 ? 4 : 8;
  const scale = `let scale = scale_of(unit / ${blockSize / size}u);`;
  const functions =
    bits === 8
      ? /* wgsl */ `
fn product(unit: u32, total: f32, x0: vec4f) -> f32 {
  ${scale}
  return ${scaled(format, `dot(${bytesOf('weight[unit]')}, x0)`, 'total')};
}`
      : /* wgsl */ `
fn product(unit: u32, total: f32, x0: vec4f, x1: vec4f) -> f32 {
  ${scale}
  let word = weight[unit];
  return ${scaled(format, `dot(${nibblesOf('word')}, x0) + dot(${nibblesOf('word >> 16u')}, x1) - 8.0 * total`, 'total')};
}`;
  return { size, functions: `@group(0) @binding(2) var<storage, read> weight: array<u32>;${functions}` };
}

// The result of exp is undefined if it overflows. At 80 the quotient is practically 0 in f32.
const SILU = 'fn activate(v: f32) -> f32 { return v / (1.0 + exp(min(-v, 80.0))); }';
const GELU_TANH = `fn activate(v: f32) -> f32 { return 0.5 * v * (1.0 + tanh_of(0.7978845608028654 * (v + 0.044715 * v * v * v))); }`;
const ACTIVATIONS: Readonly<Record<MatrixKernel['into'], string>> = {
  ...{ store: '', add: '' },
  ...{ silu: SILU, 'silu-times-y': SILU },
  ...{ 'gelu-tanh': GELU_TANH, 'gelu-tanh-times-y': GELU_TANH },
};

/** Returns `fn keep(row, output, …sums)`, which writes an output of y from the products of {@link matricesOf}. */
export function keepOutput(kernel: MatrixKernel): string {
  const { into, columns, column, cap } = kernel;
  return /* wgsl */ `
${cap !== null || into.startsWith('gelu') ? TANH : ''}
${ACTIVATIONS[into]}
fn keep(row: u32, output: u32, ${matricesOf(kernel)
    .map((name) => `${name}: f32`)
    .join(', ')}) {
  let at = row * ${columns}u + ${column}u + output;
  ${resultOf(kernel)}
}`;
}

function resultOf({ into, bias, outputs, scale, cap }: MatrixKernel): string {
  const biased = (name: string, at: string): string => (bias ? `${name} + bias[${at}]` : name);
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
