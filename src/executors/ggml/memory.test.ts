import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

/** The only files that may call each function of ggml that takes a shape, a type, a size, an offset or an address. */
const CALLERS: Readonly<Record<string, readonly string[]>> = {
  'memory.ts': [
    ...['set', 'get', 'fill', 'place', 'quantize', 'allocateBuffer', 'bufferFromPointer', 'baseOf'],
    'memoryAt',
  ],
  'tensor.ts': ['newTensor4d'],
  'graph-tensors.ts': [
    ...['view4d', 'reshape4d', 'permute', 'contiguous', 'pad', 'copy', 'getRows', 'setRows', 'newGraph'],
    ...['setInput', 'setOutput', 'expand'],
  ],
  'graph-builder.ts': [
    ...['multiplyMatrix', 'outerProduct', 'setPrecision', 'scaleBias', 'clamp', 'sumRows', 'argmax'],
    ...['rmsNorm', 'softmax', 'fusedAttention', 'swiglu', 'rope'],
  ],
};

const room = fileURLToPath(new URL('.', import.meta.url));

describe('native memory', () => {
  it('is reached by the checked ways alone', () => {
    const found: string[] = [];
    for (const file of readdirSync(room).filter((name) => /^(?!.*\.test\.).*\.ts$/.test(name))) {
      const source = readFileSync(`${room}${file}`, 'utf8');
      if (file === 'bindings.ts') continue;
      for (const [owner, functions] of Object.entries(CALLERS)) {
        for (const name of functions) {
          const calls = name === 'memoryAt' ? /\bmemoryAt\(/ : new RegExp(`\\bggml\\.${name}\\(`);
          if (calls.test(source) && file !== owner) found.push(`${file} calls ${name}`);
        }
      }
    }
    expect(found).toEqual([]);
  });

  it('is reached out of bounds by no kind of access', () => {
    const script = fileURLToPath(new URL('../../../test/support/out-of-bounds.mjs', import.meta.url));
    const { stdout, status } = spawnSync(process.execPath, [script], { encoding: 'utf8' });
    const lines = stdout.trim().split('\n');
    expect(lines.filter((line) => !/^[^:]+: refused: /.test(line))).toEqual([]);
    expect(lines.length).toBeGreaterThan(40);
    expect(status).toBe(0);
  });
});
