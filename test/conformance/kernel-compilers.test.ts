import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NagaError, parseWgsl, validate, writeHlsl, writeMsl, writeSpirv } from 'naga-wasm';
import { describe, expect, it } from 'vitest';
import { create } from 'webgpu';
import { kernelVariants } from '../support/kernel-variants.js';

/** SPIR-V begins with this word. */
const SPIRV = 0x07230203;

/** Dawn without a GPU. It is held for the life of the process, as Dawn crashes at exit otherwise. */
const nowhere = create(['backend=null']);

/** The languages of drivers that a `tint` on this machine can write; the one of Debian's Dawn, or of a build of one's own. */
const formats = formatsOfTint();
const TINT_WRITES = ['spirv', 'msl', 'hlsl'].filter((format) => formats.includes(format));
if (TINT_WRITES.length === 0) {
  console.log(
    'skipped: tint’s writers, because the program tint is not installed, or writes neither SPIR-V, MSL nor HLSL',
  );
}

/**
 * Compiles every form of every kernel with the compilers of two browsers, for systems that are not here: naga (Firefox,
 * Deno) to Metal, HLSL and SPIR-V, and tint (Chrome), whose analysis of uniformity is the strictest.
 */
describe('every form of every kernel', () => {
  const variants = [...kernelVariants()];

  it("has storage buffers and workgroup memory within WebGPU's defaults", () => {
    for (const [name, code] of variants) {
      expect(code.match(/var<storage/g)?.length ?? 0, name).toBeLessThanOrEqual(8);
      expect(workgroupBytes(code), name).toBeLessThanOrEqual(16_384);
      // No number that JavaScript writes and WGSL does not read.
      const read = code.replace(/\/\/.*$|\/\*\*[\s\S]*?\*\//gm, '');
      expect(read, name).not.toMatch(/undefined|NaN|Infinity|\[object/);
    }
  });

  // Many drivers keep such a vector in memory instead of registers.
  it('indexes no vector by a number that is known only at run time', () => {
    for (const [name, code] of variants) expect(code, name).not.toMatch(/[\])]\[[^\]\d]/);
  });

  it('compiles with naga to Metal, HLSL and SPIR-V', () => {
    for (const [name, code] of variants) {
      try {
        // naga has subgroups without enabling them, and does not know the word.
        const module = parseWgsl(code.replace('enable subgroups;', ''));
        const info = validate(module);
        expect(writeMsl(module, info, { langVersion: [2, 4] }), name).toMatch(/\bkernel void main_?\(/);
        expect(writeHlsl(module, info, { shaderModel: '6_0' }), name).toMatch(/\]\s+void main\(/);
        expect(writeSpirv(module, info)[0], name).toBe(SPIRV);
        info.free();
        module.free();
      } catch (error) {
        throw error instanceof NagaError ? new Error(`${name}: ${error.formatted}`) : error;
      }
    }
  });

  it('is valid for tint', async () => {
    // Dawn's tint, on a device that runs nothing: it needs no GPU, and has subgroups.
    const adapter = (await nowhere.requestAdapter())!;
    const device = await adapter.requestDevice({ requiredFeatures: ['subgroups'] });
    for (const [name, code] of variants) {
      device.pushErrorScope('validation');
      device.createShaderModule({ code });
      expect((await device.popErrorScope())?.message ?? 'valid', name).toBe('valid');
    }
    device.destroy();
  });

  it.skipIf(TINT_WRITES.length === 0)(`compiles with tint to ${TINT_WRITES.join(', ') || 'nothing'}`, () => {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-kernels-'));
    try {
      const input = join(folder, 'in.wgsl');
      for (const [name, code] of variants) {
        writeFileSync(input, code);
        for (const format of TINT_WRITES) {
          const args = [input, '--format', format, '-o', join(folder, 'out')];
          const { status, stderr } = spawnSync('tint', args, { encoding: 'utf8' });
          expect(status, `${name} to ${format}: ${stderr.slice(0, 800)}`).toBe(0);
        }
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

/** Returns the formats that the program tint names in its help; none if it is not installed. */
function formatsOfTint(): readonly string[] {
  const { stdout } = spawnSync('tint', ['--help'], { encoding: 'utf8' });
  return /--format <([^>]+)>/.exec(stdout ?? '')?.[1]?.split('|') ?? [];
}

const BYTES: Readonly<Record<string, number>> = { f32: 4, u32: 4, vec2f: 8, vec3f: 16, vec4f: 16 };

/** Returns the bytes of a program's workgroup variables. */
function workgroupBytes(code: string): number {
  const arrays = [...code.matchAll(/var<workgroup> \w+: array<(?:atomic<)?(\w+)>?, (\w+)>/g)];
  return arrays.reduce(
    (sum, [, type, count]) => sum + BYTES[type!]! * Number(count!.replace('LEVELS', '256')),
    0,
  );
}
