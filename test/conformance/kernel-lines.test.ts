import { expect, it } from 'vitest';
import { linear } from '../../kernels/linear.js';
import { unitOf } from '../../kernels/matrix.js';
import { FORMATS } from '../support/kernel-variants.js';

const LANES = 32;
/** Bytes that a GPU reads from memory at once. */
const LINE = 128;

/** Evaluates an index of a program for each lane in the second turn of its loop, and returns the lines that are read. */
function linesOf(index: string, bytes: number): Set<number> {
  const script = index.replace(/(\d+)u\b/g, '$1').replace(/\bmin\(/g, 'Math.min(');
  const at = new Function('unit', 'first', `return ${script};`) as (unit: number, first: number) => number;
  return new Set(
    Array.from({ length: LANES }, (_, lane) => Math.floor((at(LANES + lane, 0) * bytes) / LINE)),
  );
}

/** The expressions that match a pattern's group, each once. */
const found = (code: string, pattern: RegExp): string[] => [
  ...new Set([...code.matchAll(pattern)].map(([, expression]) => expression!)),
];

it.each(FORMATS.map((format) => [JSON.stringify(format), format] as const))(
  'lanes that share outputs read whole lines of a matrix of %s, and each line of x once for four outputs',
  (_, format) => {
    const inputs = 2048;
    const code = linear({
      ...{
        format,
        inputs,
        outputs: 64,
        columns: 64,
        column: 0,
        into: 'store',
        bias: false,
        scale: 1,
        cap: null,
      },
      ...{ threads: 64, lanes: LANES, subgroup: null, normEpsilon: null },
    });
    const { size } = unitOf(format);
    const bits = format.kind === 'f32' ? 32 : format.kind === 'blocks' ? format.bits : 16;
    const weights = found(code, /product\((\(min.+?), total/g);
    expect(weights).toHaveLength(4);
    const unitBytes = (size * bits) / 8;
    for (const index of weights)
      expect(linesOf(index, unitBytes).size, index).toBe((LANES * unitBytes) / LINE);
    const reads = found(code, /\bx\[(unit [^\]]+)\]/g).map((index) => linesOf(index, 16));
    expect(reads).toHaveLength(size / 4);
    const all = new Set(reads.flatMap((lines) => [...lines]));
    expect(all.size).toBe((LANES * size * 4) / LINE);
  },
);
