import type { MatrixFormat } from '../../kernels/matrix.js';
import type { Device } from './device.js';
import type { Packed } from './pack.js';

/** A matrix on the device, or the part of its outputs that fits into one buffer. */
export interface DeviceMatrix {
  /** Rows of the matrix. */
  readonly outputs: number;
  readonly inputs: number;
  /** The first column of the result that it computes. */
  readonly column: number;
  readonly format: MatrixFormat;
  readonly weight: GPUBuffer;
  /** `[outputs, inputs / block]`, in the form of the format; null for floats. */
  readonly scales: GPUBuffer | null;
  /** `[outputs]` */
  readonly bias: GPUBuffer | null;
}

/** A stretch of consecutive rows of a packed matrix. */
interface Stretch {
  readonly matrix: Packed;
  readonly first: number;
  readonly rows: number;
}

/** Returns matrices of one form as one, their rows below each other. */
export const stacked = (matrices: readonly Packed[]): readonly Stretch[] =>
  matrices.map((matrix) => ({ matrix, first: 0, rows: matrix.outputs }));

/**
 * Uploads a matrix, cut along its outputs into parts whose buffers the device can bind.
 * @param column the first column of its result
 * @throws HoldfastError `E_EXECUTOR` if not even one row fits into a buffer, or there is not enough memory
 */
export async function uploadMatrix(
  device: Device,
  what: string,
  stretches: readonly Stretch[],
  column: number,
): Promise<DeviceMatrix[]> {
  const most = rowsThatFit(device, stretches[0]!.matrix);
  const parts: DeviceMatrix[] = [];
  let part: Stretch[] = [];
  let held = 0;
  let start = column;
  const flush = async (): Promise<void> => {
    if (held === 0) return;
    parts.push(await uploadPart(device, what, part, start));
    start += held;
    part = [];
    held = 0;
  };
  for (const { matrix, first, rows } of stretches) {
    for (let done = 0; done < rows; ) {
      const taken = Math.min(rows - done, most - held);
      part.push({ matrix, first: first + done, rows: taken });
      held += taken;
      done += taken;
      if (held === most) await flush();
    }
  }
  await flush();
  return parts;
}

/** Uploads gate and up, cut so that each part has the same rows of both, gate's before up's. */
export async function uploadPair(
  device: Device,
  what: string,
  gate: Packed,
  up: Packed,
): Promise<DeviceMatrix[]> {
  const most = Math.max(1, Math.floor(rowsThatFit(device, gate) / 2));
  const parts: DeviceMatrix[] = [];
  for (let first = 0; first < gate.outputs; first += most) {
    const rows = Math.min(most, gate.outputs - first);
    const both = [gate, up].map((matrix) => ({ matrix, first, rows }));
    parts.push(await uploadPart(device, what, both, first));
  }
  return parts;
}

/** Returns how many rows fit into a buffer; at least one, which is then refused by its size. */
function rowsThatFit({ largest }: Device, { outputs, weight, scales }: Packed): number {
  const rowBytes = Math.max(weight.byteLength, scales?.byteLength ?? 0) / outputs;
  return Math.max(1, Math.floor(largest / rowBytes));
}

/** Uploads stretches of rows as one matrix. */
function uploadPart(
  device: Device,
  what: string,
  stretches: readonly Stretch[],
  column: number,
): Promise<DeviceMatrix> {
  const { inputs, format } = stretches[0]!.matrix;
  const outputs = stretches.reduce((sum, { rows }) => sum + rows, 0);
  /** Fills a buffer with the same rows of an array of every stretch. A matrix without it has zeros. */
  const filled = (
    name: string,
    of: (matrix: Packed) => Uint8Array | Uint16Array | Uint32Array | Float32Array | null,
  ): GPUBuffer | null => {
    const known = stretches.find(({ matrix }) => of(matrix) !== null);
    if (known === undefined) return null;
    const perRow = of(known.matrix)!.byteLength / known.matrix.outputs;
    const buffer = device.storage(name, perRow * outputs);
    let at = 0;
    for (const { matrix, first, rows } of stretches) {
      const array = of(matrix);
      if (array !== null) {
        const bytes = new Uint8Array(array.buffer, array.byteOffset + first * perRow, rows * perRow);
        device.write(buffer, bytes, at);
      }
      at += rows * perRow;
    }
    return buffer;
  };
  return device.allocate(what, () => ({
    outputs,
    inputs,
    format,
    column,
    weight: filled(what, ({ weight }) => weight)!,
    scales: filled(`the scales of ${what}`, ({ scales }) => scales),
    bias: filled(`the bias of ${what}`, ({ bias }) => bias),
  }));
}
