import { expect, it } from 'vitest';
import { attention } from '../../kernels/attention.js';
import { linear } from '../../kernels/linear.js';
import { unitOf } from '../../kernels/matrix.js';
import { FORMATS } from '../support/kernel-variants.js';

const LANES = 32;
/** Bytes that a GPU reads from memory at once. */
const LINE = 128;

/**
 * Evaluates an index of a program for each lane, and returns the lines that are read.
 * @param variablesOf the values of the index's variables for a lane
 */
function linesOf(
  index: string,
  bytes: number,
  variablesOf: (lane: number) => Record<string, number> = inSecondTurn,
): Set<number> {
  const script = index
    .replace(/(\d+)u\b/g, '$1')
    .replace(/\bmin\(/g, 'Math.min(')
    .replace(/run\.capacity/g, 'capacity');
  const at = (lane: number): number => {
    const variables = variablesOf(lane);
    return new Function(...Object.keys(variables), `return ${script};`)(...Object.values(variables));
  };
  return new Set(Array.from({ length: LANES }, (_, lane) => Math.floor((at(lane) * bytes) / LINE)));
}

/** The variables of a matrix's indices in the second turn of their loop. */
const inSecondTurn = (lane: number) => ({ unit: LANES + lane, first: 0 });

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

it.each([64, 128, 256])(
  'lanes of attention for one row read whole lines of keys and of values, in heads of %i',
  (headDim) => {
    const code = attention({
      ...{ heads: 4, kvHeads: 2, headDim, scoreCap: null, window: null, subgroup: null },
      ...{ threads: 256, keys: 2048, isWhole: true },
    });
    const [quads, whole] = [headDim / 4, (LANES * 16) / LINE];
    const at = { kv: 1, capacity: 4096, i: 4 };
    const keys = found(code, /keys\[([^\]]+)\]/g).map((index) =>
      linesOf(index, 16, (lane) => ({ ...at, key: 256 + lane })),
    );
    expect(keys.map((lines) => lines.size)).toEqual([whole, whole, whole, whole]);
    const [start] = found(code, /let at = (\(kv [^;]+);/g);
    const values = found(code, /values\[at \+ ([^\]]+)\]/g).map((offset) =>
      linesOf(`${start} + ${offset}`, 16, (lane) => {
        const part = Math.floor(lane / quads);
        return { ...at, j: 512 + part, place: lane % quads };
      }),
    );
    expect(values.map((lines) => lines.size)).toEqual([whole, whole, whole, whole]);
    // Four keys at once, none twice.
    expect(new Set(values.flatMap((lines) => [...lines])).size).toBe(4 * whole);
  },
);
