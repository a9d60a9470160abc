import { expect, it } from 'vitest';
import { attention } from '../../kernels/attention.js';
import { attentionTiled, keyLoads } from '../../kernels/attention-tiled.js';
import { inputLoads, type LinearKernel, linear } from '../../kernels/linear.js';
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

/** Returns the lines of scales that the lanes read for one output. */
function linesOfScales(code: string): Set<number> {
  const bytes = /scales: array<vec2f>/.test(code) ? 8 : 4;
  const [unitsOfScale] = found(code, /scale_of\(unit \/ (\d+)u\)/g).map(Number);
  // Scales that are products are records: a factor, and bytes.
  const record = /let at = block \/ (\d+)u \* (\d+)u/.exec(code)?.slice(1).map(Number) ?? [1, 1];
  const products = [...code.matchAll(/product_of\(block, (\d+)u, (\d+)u\)/g)];
  const places = products.length > 0 ? products.map(([, ...place]) => place.map(Number)) : [[0, 0]];
  const lines = found(code, /\bscales\[([^\]]+)\]/g).flatMap((index) =>
    places.map(([factor, first]) =>
      linesOf(index, bytes, (lane) => {
        const block = Math.floor((LANES + lane) / unitsOfScale!);
        const at = Math.floor(block / record[0]!) * record[1]!;
        return { block, at, own: block % record[0]!, factor: factor!, bytes: first! };
      }),
    ),
  );
  return new Set(lines.flatMap((each) => [...each]));
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
    if (format.kind === 'blocks') expect(linesOfScales(code).size).toBe(1);
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

/** WGSL for integers as JavaScript. */
const inJavaScript = (text: string): string =>
  text
    .replace(/(\d+)u\b/g, '$1')
    .replace(/\bvar\b/g, 'let')
    .replace(/run\.capacity/g, 'capacity');

/**
 * Runs the loops of a program that read a buffer, and counts the elements that a workgroup loads; those that threads in step load
 * at once count once. Returns the counts of all loops.
 * @param scope the integers that the loops need, by a thread's lane
 */
function loadedBy(
  code: string,
  buffers: readonly string[],
  threads: number,
  scope: (lane: number) => Record<string, number>,
): number[] {
  const counts: number[] = [];
  for (const loop of code.matchAll(/for \((var \w+ = .+?)\) \{/g)) {
    const start = loop.index + loop[0].length;
    let end = start;
    for (let depth = 1; depth > 0; end++) depth += code[end] === '{' ? 1 : code[end] === '}' ? -1 : 0;
    const body = code.slice(start, end - 1);
    const read = new RegExp(`\\b(?:${buffers.join('|')})\\[([^\\]]+)\\]`, 'g');
    // What a turn reads twice, it loads once.
    const reads = new Map([...body.matchAll(read)].map(([text, index]) => [text, index!]));
    // Of nested loops, the innermost.
    if (reads.size === 0 || body.includes('for (')) continue;
    const integers = [...body.matchAll(/let (?:unit|at) = [^;]+;/g)].map(([text]) => text);
    const guard = /if \(unit < \d+u\)/.exec(body)?.[0] ?? '';
    const turns = [...reads.values()].map((index, place) => `load(${place}, turn, ${index});`);
    const script = `let turn = 0; for (${loop[1]}) { ${integers.join(' ')} ${guard} { ${turns.join(' ')} } turn++; }`;
    const loaded = new Set<string>();
    for (let lane = 0; lane < threads; lane++) {
      const variables = { max: Math.max, min: Math.min, ...scope(lane), lane };
      const load = (place: number, turn: number, index: number): void => {
        loaded.add(`${Math.floor(lane / LANES)} ${place} ${turn} ${index}`);
      };
      new Function('load', ...Object.keys(variables), inJavaScript(script))(
        load,
        ...Object.values(variables),
      );
    }
    counts.push(loaded.size);
  }
  return counts;
}

it.each([
  { threads: 64, lanes: 32, normEpsilon: null },
  { threads: 64, lanes: 32, normEpsilon: 1e-5 },
  { threads: 64, lanes: 16, normEpsilon: 1e-5 },
  { threads: 128, lanes: 32, normEpsilon: null },
  { threads: 8, lanes: 1, normEpsilon: 1e-5 },
] as const)('counts of bytes have as many loads of x as the loops of a program: %o', (division) => {
  const inputs = 1024;
  const kernel: LinearKernel = {
    ...{ format: { kind: 'blocks', bits: 4, blockSize: 32, scales: 'f16' }, inputs, outputs: 64 },
    ...{ columns: 64, column: 0, into: 'silu', bias: false, scale: 1, cap: null, subgroup: null },
    ...division,
  };
  const scope = (lane: number) => ({ share: lane % division.lanes });
  const loaded = loadedBy(linear(kernel), ['x', 'norms'], division.threads, scope);
  const all = loaded.reduce((sum, count) => sum + count, 0);
  expect(all / (inputs / 4)).toBe(inputLoads(division, division.normEpsilon !== null));
});

it.each([
  { threads: 64, headDim: 64 },
  { threads: 64, headDim: 128 },
  { threads: 64, headDim: 256 },
])('counts of bytes have as many loads of keys and values as the loops of tiled attention: %o', (sizes) => {
  const code = attentionTiled({
    ...{ heads: 4, kvHeads: 2, scoreCap: null, window: null, subgroup: null },
    ...sizes,
  });
  const quads = sizes.headDim / 4;
  const lanes = Number(/let part = lane \/ (\d+)u;/.exec(code)![1]);
  const scope = (lane: number) => ({
    kv: 1,
    capacity: 4096,
    tile: 64,
    begin: 0,
    end: 96,
    place: lane % lanes,
  });
  const tile = 32 * quads;
  for (const buffer of ['keys', 'values']) {
    const loaded = loadedBy(code, [buffer], sizes.threads, scope);
    expect(loaded.length).toBeGreaterThan(0);
    for (const count of loaded) expect(count / tile).toBe(keyLoads(sizes));
  }
});
