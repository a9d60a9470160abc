import { attention } from '../../kernels/attention.js';
import { attentionRows } from '../../kernels/attention-rows.js';
import { attentionTiled } from '../../kernels/attention-tiled.js';
import { combine } from '../../kernels/combine.js';
import { linear } from '../../kernels/linear.js';
import { linearTiled } from '../../kernels/linear-tiled.js';
import type { MatrixFormat, MatrixKernel } from '../../kernels/matrix.js';
import { norm } from '../../kernels/norm.js';
import { pick } from '../../kernels/pick.js';
import { rank } from '../../kernels/rank.js';
import { readAll } from '../../kernels/read-all.js';
import { rotate } from '../../kernels/rotate.js';
import { weigh } from '../../kernels/weigh.js';
import { ON_A_GPU, ON_A_PROCESSOR } from '../../src/executors/gpu/index.js';

const blocks = [4, 8].flatMap((bits) =>
  [16, 32].flatMap((blockSize) =>
    ['f32', 'f16', 'f32 and offset', 'f16 and minimum', 'products', 'products and minimum'].map(
      (scales) => ({ kind: 'blocks', bits, blockSize, scales }) as MatrixFormat,
    ),
  ),
);
export const FORMATS: readonly MatrixFormat[] = [
  { kind: 'f32' },
  { kind: 'f16' },
  { kind: 'bf16' },
  ...blocks,
];

const INTO = ['store', 'add', 'silu', 'gelu-tanh', 'silu-times-y', 'gelu-tanh-times-y'] as const;

/** How work is divided: as for a software GPU, for a GPU without subgroups, and for ones with narrow and with wide subgroups. */
const DIVISIONS = [
  { threads: 8, lanes: 1, subgroup: null, attention: ON_A_PROCESSOR.attention },
  { threads: 64, lanes: 32, subgroup: null, attention: ON_A_GPU.attention },
  { threads: 64, lanes: 32, subgroup: 8, attention: ON_A_GPU.attention },
  // As on most GPUs: all that share an output are in one subgroup.
  { threads: 64, lanes: 32, subgroup: 32, attention: ON_A_GPU.attention },
];

/** Returns the programs of every kernel in each of its forms, keyed by a name that tells the form. */
export function kernelVariants(): ReadonlyMap<string, string> {
  const programs = new Map<string, string>();
  const add = (code: string, ...form: readonly unknown[]): void => {
    programs.set(
      form.map((part) => (typeof part === 'string' ? part : JSON.stringify(part))).join(' '),
      code,
    );
  };
  const matrix = (format: MatrixFormat, into: MatrixKernel['into']): MatrixKernel => ({
    ...{ format, inputs: 96, outputs: 70, columns: 80, column: 4, into },
    ...{ bias: into === 'store', scale: into === 'add' ? 0.5 : 1, cap: into === 'store' ? 30 : null },
  });
  for (const { attention: ofOneRow, ...division } of DIVISIONS) {
    const formats = division.threads === 64 && division.subgroup === null ? FORMATS : FORMATS.slice(0, 1);
    // Formats, ways to write and divisions do not meet in the text: each with one of the others is every line of it.
    const products = [
      ...formats.map((format) => matrix(format, 'silu')),
      ...INTO.map((into) => matrix({ kind: 'f16' }, into)),
    ];
    for (const product of products) {
      for (const normEpsilon of [null, 1e-5]) {
        const kernel = linear({ ...product, ...division, normEpsilon });
        add(kernel, 'linear', product.format, product.into, division, normEpsilon);
      }
      const { threads } = division;
      add(linearTiled({ ...product, threads }), 'linear-tiled', product.format, product.into, threads);
    }
    for (const into of ['store', 'add', 'add-and-norm'] as const) {
      add(norm({ width: 96, epsilon: 1e-6, into, scale: 0.5, ...division }), 'norm', into, division);
    }
    for (const queryKeyNorm of [null, 'head', 'all heads'] as const) {
      for (const rotaryDim of [0, 16]) {
        const sizes = { heads: 6, kvHeads: 2, headDim: 24, scale: 0.2, epsilon: 1e-6, rotationsAt: 768 };
        add(
          rotate({ ...sizes, queryKeyNorm, rotaryDim, ...division }),
          'rotate',
          queryKeyNorm,
          rotaryDim,
          division,
        );
      }
    }
    for (const headDim of [24, 128, 256]) {
      for (const [scoreCap, window] of [
        [null, null],
        [50, 512],
      ] as const) {
        const shape = { heads: 6, kvHeads: 2, headDim, scoreCap, window, ...division };
        const { threads, whole, split } = ofOneRow;
        for (const [keys, isWhole] of [
          [whole, true],
          [split, false],
        ] as const) {
          const kernel = attention({ ...shape, threads, keys, isWhole });
          add(kernel, 'attention', headDim, window, division, isWhole);
        }
        add(attentionTiled(shape), 'attention-tiled', headDim, window, division.threads);
        add(attentionRows(shape), 'attention-rows', headDim, window, division.threads);
        add(combine(shape), 'combine', headDim, window, division);
      }
    }
    const drawn = { vocabSize: 50_000, threads: division.threads };
    for (const kernel of [weigh, rank, pick]) add(kernel(drawn), kernel.name, division.threads);
    add(readAll(division.threads, 16), 'read-all', division.threads);
  }
  return programs;
}
