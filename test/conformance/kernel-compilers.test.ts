import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kernelVariants } from '../support/kernel-variants.js';

/**
 * Compiles every form of every kernel with the compilers of two browsers, for systems that are not here: naga (Firefox,
 * Deno) to Metal, HLSL and SPIR-V, and tint (Chrome), whose analysis of uniformity is the strictest.
 */
const has = (program: string): boolean => spawnSync(program, ['--help']).error === undefined;

/** The arguments that let a compiler write into a folder. naga has subgroups without enabling them, and does not know the word. */
const COMPILERS: Readonly<Record<string, (folder: string) => readonly string[]>> = {
  naga: (folder) => ['metal', 'hlsl', 'spv'].map((kind) => join(folder, `out.${kind}`)),
  tint: (folder) => ['--format', 'wgsl', '-o', join(folder, 'out.wgsl')],
};

describe('every form of every kernel', () => {
  const variants = [...kernelVariants()];
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-kernels-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it("has storage buffers and workgroup memory within WebGPU's defaults", () => {
    for (const [name, code] of variants) {
      expect(code.match(/var<storage/g)?.length ?? 0, name).toBeLessThanOrEqual(8);
      expect(workgroupBytes(code), name).toBeLessThanOrEqual(16_384);
      // No number that JavaScript writes and WGSL does not read.
      const read = code.replace(/\/\/.*$|\/\*\*[\s\S]*?\*\//gm, '');
      expect(read, name).not.toMatch(/undefined|NaN|Infinity|\[object/);
    }
  });

  it.each(Object.keys(COMPILERS).filter(has))('compiles with %s', (program) => {
    for (const [name, code] of variants) {
      const input = join(folder, 'in.wgsl');
      writeFileSync(input, program === 'naga' ? code.replace('enable subgroups;', '') : code);
      const args = [input, ...COMPILERS[program]!(folder)];
      const { status, stderr } = spawnSync(program, args, { encoding: 'utf8' });
      expect(status, `${name}: ${stderr.slice(0, 800)}`).toBe(0);
    }
  });
});

const BYTES: Readonly<Record<string, number>> = { f32: 4, u32: 4, vec2f: 8, vec3f: 16, vec4f: 16 };

/** Returns the bytes of a program's workgroup variables. */
function workgroupBytes(code: string): number {
  const arrays = [...code.matchAll(/var<workgroup> \w+: array<(?:atomic<)?(\w+)>?, (\w+)>/g)];
  return arrays.reduce(
    (sum, [, type, count]) => sum + BYTES[type!]! * Number(count!.replace('LEVELS', '256')),
    0,
  );
}
