import { Buffer } from 'node:buffer';
import { expect } from 'vitest';

/**
 * Lets `toEqual` compare two arrays of numbers by their bytes first. Number by number, a row of logits for each token of a
 * short dialogue takes a tenth of a second. Arrays whose bytes differ are compared as usual, so a failure reads the same.
 */
function haveEqualBytes(a: unknown, b: unknown): true | undefined {
  if (!ArrayBuffer.isView(a) || !ArrayBuffer.isView(b) || a.constructor !== b.constructor) return undefined;
  return Buffer.compare(bytesOf(a), bytesOf(b)) === 0 ? true : undefined;
}

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

/** Files that share a process share `expect` too, and run this once each. */
const marked = globalThis as { holdfastComparesBytes?: true };
if (marked.holdfastComparesBytes === undefined) expect.addEqualityTesters([haveEqualBytes]);
marked.holdfastComparesBytes = true;
