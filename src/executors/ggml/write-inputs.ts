import { IDENTITY_MAP, type RowMap, rowMap, type TokenRange } from '../../attention/index.js';
import { type DecoderShape, firstVisible } from '../contract/index.js';
import type { Ggml } from './bindings.js';
import type { GroupInputs, PassInputs } from './decoder-parts.js';
import { fillTensor } from './memory.js';
import type { Chunk, Group, PassPlan } from './pass-plan.js';
import { partOfMap } from './policy-parts.js';
import { elementsOf, type Value } from './tensor.js';

/** Bits of an f16: 1, −∞, and the lowest finite number. */
const ONE = 0x3c00;
const NEVER = 0xfc00;
/** Where a whole row may be masked, −∞ would make NaN of its softmax; such a row's result is not used. */
const MASKED = 0xfbff;

/**
 * Memory for one large input at a time, to be used again: new arrays of some megabytes in every pass would wait for the
 * garbage collector.
 */
export class Scratch {
  #memory = new ArrayBuffer(0);

  /** Elements that are all 0. */
  halves(count: number): Uint16Array {
    return new Uint16Array(this.#bytes(2 * count), 0, count).fill(0);
  }

  /** Elements that are all 0. */
  floats(count: number): Float32Array {
    return new Float32Array(this.#bytes(4 * count), 0, count).fill(0);
  }

  #bytes(count: number): ArrayBuffer {
    // Inputs grow with the context: half as much again lasts for a while.
    if (this.#memory.byteLength < count) this.#memory = new ArrayBuffer(8 * Math.ceil((1.5 * count) / 8));
    return this.#memory;
  }
}

/** Writes the inputs of a pass into the tensors of its graph. */
export function writeInputs(
  ggml: Ggml,
  plan: PassPlan,
  inputs: PassInputs,
  shape: DecoderShape,
  scratch: Scratch,
): void {
  const write: Write = (value, data) => fillTensor(ggml, value, data);
  writeRows(plan, inputs, shape, write);
  if (inputs.logitRows !== null) write(inputs.logitRows, Int32Array.from(plan.logitRows));
  for (const [index, group] of plan.groups.entries()) {
    writeGroup(group, inputs.groups[index]!, shape, write, scratch);
  }
}

type Write = (value: Value, data: NodeJS.ArrayBufferView) => void;

/** Ids and positions of the new tokens, and where their keys and values go in the arena. */
function writeRows(
  { arena, rows, groups }: PassPlan,
  inputs: PassInputs,
  shape: DecoderShape,
  write: Write,
): void {
  const { kvHeads, headDim } = shape;
  const { capacity, slotSize } = arena;
  const tokens = new Int32Array(rows);
  const positions = new Int32Array(rows);
  // Indices are written as pairs of 32-bit words, the low one first.
  const keyPlaces = new Int32Array(2 * rows * kvHeads);
  const valuePlaces = new Int32Array(2 * rows * kvHeads * headDim);
  const put = (places: Int32Array, index: number, value: number): void => {
    places[2 * index] = value | 0;
    places[2 * index + 1] = Math.floor(value / 2 ** 32);
  };
  for (const group of groups) {
    for (const [sequence, { chunk, offset }] of group.parts.entries()) {
      const slot = chunk.sequence.slot * slotSize;
      for (let token = 0; token < group.tokens; token++) {
        const row = group.row + sequence * group.tokens + token;
        const position = chunk.past + offset + token;
        tokens[row] = chunk.tokens[offset + token]!;
        positions[row] = position;
        for (let head = 0; head < kvHeads; head++) {
          put(keyPlaces, row * kvHeads + head, slot / headDim + head * capacity + position);
          for (let d = 0; d < headDim; d++) {
            const element = head * headDim + d;
            put(valuePlaces, row * kvHeads * headDim + element, slot + element * capacity + position);
          }
        }
      }
    }
  }
  write(inputs.tokens, tokens);
  write(inputs.positions, positions);
  write(inputs.keyPlaces, keyPlaces);
  write(inputs.valuePlaces, valuePlaces);
}

function writeGroup(
  group: Group,
  inputs: GroupInputs,
  shape: DecoderShape,
  write: Write,
  scratch: Scratch,
): void {
  for (const [index, window] of shape.windows.entries()) {
    const { mask, columns, values, target, rest, mixed } = inputs.windows[index]!;
    const range = group.windows[index]!;
    // A fused kernel makes zeros of a masked row, and skips keys that no row sees.
    const masked = group.fused ? NEVER : MASKED;
    write(
      mask,
      masks(scratch, group, mask, range, window, shape, NEVER, () => true),
    );
    if (columns !== null) write(columns, columnsOf(scratch, group, columns, range));
    if (values !== null) write(values, marksOf(scratch, group, values, range, shape));
    if (target !== null) {
      write(
        target,
        masks(scratch, group, target, range.stretch, window, shape, masked, (isTarget) => isTarget),
      );
    }
    if (rest !== null)
      write(
        rest,
        masks(scratch, group, rest, range, window, shape, masked, (isTarget) => !isTarget),
      );
    if (mixed !== null) {
      const { sides } = group.views[0]![index]!;
      write(
        mixed,
        Float32Array.from(sides, (seen) => (seen === 'mixed' ? 1 : 0)),
      );
    }
  }
  if (inputs.numbers !== null) write(inputs.numbers, numbersOf(group, inputs.numbers, shape));
  if (inputs.gains !== null) write(inputs.gains, gainsOf(group, shape));
}

/** A mask `[keys, rows, 1, sequences]`: 0 for the keys that a row sees and `keeps` wants, else `masked`. */
function masks(
  scratch: Scratch,
  { tokens, parts }: Group,
  { shape: [keys, rows] }: Value,
  range: TokenRange,
  window: number | null,
  { group }: DecoderShape,
  masked: number,
  keeps: (isTarget: boolean) => boolean,
): Uint16Array {
  const mask = scratch.halves(keys * rows * parts.length).fill(masked);
  const sees = (start: number, first: number, last: number, value: number): void => {
    const [from, to] = [Math.max(first, range.start), Math.min(last, range.end)];
    if (from < to) mask.fill(value, start + from - range.start, start + to - range.start);
  };
  for (const [sequence, { chunk, offset }] of parts.entries()) {
    for (let token = 0; token < tokens; token++) {
      const position = chunk.past + offset + token;
      const first = firstVisible(position, window);
      const start = (sequence * rows + token) * keys;
      if (keeps(false)) sees(start, first, position + 1, 0);
      // The two differ only for masks of one side.
      if (keeps(true) !== keeps(false)) {
        for (const { start: from, end } of chunk.request.intervention?.target ?? []) {
          sees(start, Math.max(first, from), Math.min(end, position + 1), keeps(true) ? 0 : masked);
        }
      }
    }
    // The query heads of a group see the same keys.
    if (tokens === 1) {
      const start = sequence * rows * keys;
      for (let head = 1; head < group; head++) mask.copyWithin(start + head * keys, start, start + keys);
    }
  }
  return mask;
}

/** `[keys, columns, 1, sequences]`: 1 where a key belongs to a column. */
function columnsOf(
  scratch: Scratch,
  { parts }: Group,
  { shape: [keys, columns] }: Value,
  range: TokenRange,
): Float32Array {
  const marks = scratch.floats(keys * columns * parts.length);
  for (const [sequence, { chunk }] of parts.entries()) {
    for (const { column, start, end } of columnRanges(chunk, range)) {
      const first = (sequence * columns + column) * keys;
      marks.fill(1, first + start, first + end);
    }
  }
  return marks;
}

/** `[headDim + columns, keys, kvHeads]`: 1 where a key belongs to a column; the graph writes the values. */
function marksOf(
  scratch: Scratch,
  { parts }: Group,
  { shape: [width, keys, kvHeads] }: Value,
  range: TokenRange,
  { headDim }: DecoderShape,
): Uint16Array {
  const marks = scratch.halves(width * keys * kvHeads);
  for (const { column, start, end } of columnRanges(parts[0]!.chunk, range)) {
    for (let key = start; key < end; key++) marks[key * width + headDim + column] = ONE;
  }
  for (let head = 1; head < kvHeads; head++) marks.copyWithin(head * keys * width, 0, keys * width);
  return marks;
}

/** The keys of each column, from `range.start` on: column 0 is the target, the next ones are the pieces of the spans. */
function columnRanges(
  { request, pieces }: Chunk,
  range: TokenRange,
): { readonly column: number; readonly start: number; readonly end: number }[] {
  const all = [
    ...(request.intervention?.target ?? []).map(({ start, end }) => ({ column: 0, start, end })),
    ...pieces.map(({ start, end }, index) => ({ column: 1 + index, start, end })),
  ];
  return all
    .map(({ column, start, end }) => ({
      column,
      start: Math.max(start, range.start) - range.start,
      end: Math.min(end, range.end) - range.start,
    }))
    .filter(({ start, end }) => start < end);
}

/**
 * `[heads, sequences, layers, parts]`: the numbers of each head's map. A row of one token that sees only one side, and a
 * sequence without an intervention, have those of the identity.
 */
function numbersOf(group: Group, value: Value, { heads, layers, windowOf }: DecoderShape): Float32Array {
  const { parts } = group.policy!;
  const sequences = group.parts.length;
  const numbers = new Float32Array(elementsOf(value.shape));
  const put = (layer: number, sequence: number, head: number, map: RowMap): void => {
    for (const [index, part] of parts.entries()) {
      numbers[((index * layers + layer) * sequences + sequence) * heads + head] = partOfMap(part, map);
    }
  };
  for (const [sequence, { chunk }] of group.parts.entries()) {
    const { intervention } = chunk.request;
    let known: { readonly strength: number; readonly map: RowMap } | undefined;
    for (let layer = 0; layer < layers; layer++) {
      const acts =
        intervention !== undefined &&
        (group.tokens > 1 || group.views[sequence]![windowOf[layer]!]!.sides[0] === 'mixed');
      for (let head = 0; head < heads; head++) {
        if (!acts) {
          put(layer, sequence, head, IDENTITY_MAP);
          continue;
        }
        const strength = intervention.strength[layer * heads + head]!;
        if (known?.strength !== strength) known = { strength, map: rowMap(intervention.policy, strength) };
        put(layer, sequence, head, known.map);
      }
    }
  }
  return numbers;
}

/** `[heads, sequences, layers]` */
function gainsOf({ parts }: Group, { heads, layers }: DecoderShape): Float32Array {
  const gains = new Float32Array(heads * parts.length * layers).fill(1);
  for (const [sequence, { chunk }] of parts.entries()) {
    for (const [index, silenced] of chunk.request.silenced?.entries() ?? []) {
      if (silenced !== 1) continue;
      const layer = Math.floor(index / heads);
      gains[(layer * parts.length + sequence) * heads + (index % heads)] = 0;
    }
  }
  return gains;
}
