import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadLibrary } from '../../src/executors/ggml/library.js';
import { loadModel } from '../../src/load.js';
import { fixture, holdfastProcess, succeed, temporaryFile } from './holdfast.js';

/** Whether the cpu executor multiplies with f16 in an order of its own: for AMX, which this library of ggml alone has. */
const ownLayout = loadLibrary('cpu').variant === 'sapphirerapids';

const inspect = async (...args: string[]) => JSON.parse(await succeed(['inspect', ...args, '--json']));

describe('holdfast inspect', () => {
  it('counts parameters, stored tensors, and the memory of weights and cache', async () => {
    const report = await inspect(fixture('models/llama'), '--context', '100');
    expect(report.blueprint).toMatchObject({ architecture: 'llama', vocabSize: 512 });
    expect(report.parameters).toBe(125_376);
    expect(report.tensors).toEqual([{ type: 'F32', count: 29, bytes: 4 * 125_376 }]);
    // The onnx and gpu executors have the embedding in memory twice: as rows to look up, and as the head.
    const copied = 4 * (125_376 + 512 * 64);
    // The cpu executor copies the norms alone.
    const norms = 4 * 7 * 64;
    const elements = 3 * 2 * 2 * 16;
    const cache = (type: string, bytesPerToken: number) => ({
      type,
      bytesPerToken,
      bytes: 100 * bytesPerToken,
    });
    expect(report.memory).toEqual({
      contextLength: 100,
      weightBytes: { cpu: norms, onnx: copied, gpu: copied },
      mappedBytes: { cpu: 4 * 125_376 - norms, onnx: 0, gpu: 0 },
      cache: {
        cpu: cache('f16', 2 * elements),
        onnx: cache('f32', 4 * elements),
        gpu: cache('f32', 4 * elements),
      },
    });
    expect(report.forms.cpu.every((form: { relativeError: number }) => form.relativeError === 0)).toBe(true);
    expect(report.forms.gpu).toEqual(report.forms.onnx);
    const exact = await inspect(fixture('models/llama'), '--context', '100', '--precision', 'f32');
    expect(exact.memory.cache.cpu).toEqual(cache('f32', 4 * elements));
  });

  it.each(['auto', 'f32', 'q8', 'q4'] as const)(
    'tells the forms that the loaded cpu executor has at precision %s',
    async (precision) => {
      for (const file of ['gguf/llama.Q4_1.gguf', 'gguf/llama.F16.gguf', 'models/llama']) {
        const { forms } = await inspect(fixture(file), '--precision', precision);
        const matrices = (forms.cpu as { form: string }[])
          .filter(({ form }) => form.includes(',') && !form.includes('rows'))
          .map(({ form }) => form.split(',')[0]);
        const { executor, dispose } = await loadModel(fixture(file), { precision, threads: 1 });
        const cache = precision === 'f32' ? '' : '; cache f16';
        expect([...new Set(matrices)].sort().join(', ') + cache).toBe(executor.precision);
        await dispose();
      }
    },
  );

  it('says which executors it knows nothing of', async () => {
    const report = await inspect(fixture('models/llama'));
    const unknown = Object.keys(report.unknown);
    expect(unknown.length).toBeGreaterThan(0);
    for (const name of unknown) {
      expect(report.unknown[name]).toMatch(/^E_EXECUTOR: /);
      expect(report.forms).not.toHaveProperty(name);
    }
    const text = await succeed(['inspect', fixture('models/llama')]);
    expect(text).toMatch(
      new RegExp(`^not known\\n  .*${unknown.at(-1)}: not available here, see holdfast doctor`, 'm'),
    );
  });

  it('measures the error of quantised weights, and says which are exact', async () => {
    const byForm = async (file: string, precision: string, executor = 'onnx') => {
      const { forms } = await inspect(fixture(`gguf/${file}`), '--precision', precision);
      return new Map<string, number>(
        forms[executor].map(
          ({ type, form, relativeError }: { type: string; form: string; relativeError: number }) => [
            `${type} ${form}`,
            relativeError,
          ],
        ),
      );
    };
    const kept = await byForm('llama.Q4_0.gguf', 'auto');
    expect(kept.get('Q4_0 q4')).toBe(0);
    expect(kept.get('F32 f32')).toBe(0);
    const coarser = await byForm('llama.Q8_0.gguf', 'q4');
    expect(coarser.get('Q8_0 q4')).toBeGreaterThan(0.03);
    expect(coarser.get('Q8_0 q4')).toBeLessThan(0.15);
    const finer = await byForm('llama.F32.gguf', 'q8');
    expect(finer.get('F32 q8')).toBeGreaterThan(1e-3);
    expect(finer.get('F32 q8')).toBeLessThan(1e-2);
    for (const [form, error] of await byForm('llama.F32.gguf', 'q4', 'cpu')) {
      if (!form.startsWith('F32 q4_0')) continue;
      expect(error).toBeGreaterThan(0.03);
      expect(error).toBeLessThan(0.15);
    }
  });

  it("shows every tensor's form in each executor, and its size", async () => {
    const { weights } = await inspect(fixture('gguf/llama.F16.gguf'));
    const plain = { mappedBytes: 0, activations: null, relativeError: 0, prepareMs: 0 };
    const named = (name: string) => weights.filter((weight: { name: string }) => weight.name === name);
    const bytes = 2 * 96 * 64;
    const cpu = ownLayout
      ? { form: 'f16, repacked', bytes, mappedBytes: 0, prepareMs: expect.any(Number), activations: null }
      : { form: 'f16, mapped', bytes: 0, mappedBytes: bytes, prepareMs: 0, activations: 'f16' };
    expect(named('layers.1.up')).toEqual([
      {
        ...{ name: 'layers.1.up', tensor: 'blk.1.ffn_up.weight', type: 'F16', shape: [96, 64] },
        held: {
          cpu: { ...cpu, relativeError: 0 },
          onnx: { form: 'f32', bytes: 4 * 96 * 64, ...plain },
          gpu: { form: 'f16', bytes, ...plain },
        },
      },
    ]);
    const rows = { form: 'rows as stored', bytes: 2 * 512 * 64, ...plain };
    const mapped = { form: 'f16, rows mapped', bytes: 0, mappedBytes: 2 * 512 * 64 };
    expect(named('embedding')[0].held).toEqual({ cpu: { ...plain, ...mapped }, onnx: rows, gpu: rows });
    const coarser = await inspect(fixture('gguf/llama.F16.gguf'), '--precision', 'q4');
    const held = coarser.weights.find(({ name }: { name: string }) => name === 'layers.1.up').held;
    const { onnx, gpu } = held;
    expect(onnx).toEqual({ ...gpu, activations: '8 bits' });
    // Half a byte per weight, and a scale for every 32: of four bytes, or of two.
    expect(onnx).toMatchObject({ form: 'q4', bytes: (96 * 64) / 2 + (96 * 64) / 8 });
    expect(held.cpu).toMatchObject({ bytes: (96 * 64) / 2 + (96 * 64) / 16, activations: '8 bits' });
    for (const { relativeError } of Object.values<{ relativeError: number }>(held)) {
      expect(relativeError).toBeGreaterThan(0.03);
    }
  });

  it('lists the tensors on request', async () => {
    const file = fixture('gguf/llama.F16.gguf');
    const line =
      /layers\.1\.up +blk\.1\.ffn_up\.weight +96 × 64 +F16 +f16, (\w+) \(cpu\), f32 \(onnx\), f16 \(gpu\) +exact$/m;
    const [, home] = line.exec(await succeed(['inspect', file, '--tensors'])) ?? [];
    expect(home).toBe(ownLayout ? 'repacked' : 'mapped');
    const text = await succeed(['inspect', file]);
    expect(text).not.toMatch(/layers\.1\.up/);
    expect(text).toMatch(/^in the onnx executor at precision auto\n(.*\n)* {2}F16 → f32: 22 weights/m);
    expect(text).toMatch(/^in the gpu executor at precision auto\n(.*\n)* {2}F16 → f16: 22 weights/m);
  });

  it('shows a model whose tokenizer is not supported, and says that it is not', async () => {
    const bytes = readFileSync(fixture('gguf/llama.Q4_0.gguf'));
    const key = 'tokenizer.ggml.model';
    // After the key come the value's type and its length.
    bytes.write('bert', bytes.indexOf(key) + key.length + 12);
    const file = temporaryFile('bert.gguf', bytes);
    const report = await inspect(file);
    expect(report).toMatchObject({
      tokenizer: null,
      template: { problem: expect.stringMatching(/no usable tokenizer/) },
    });
    expect(report.tokenizerProblem).toMatch(/E_TOKENIZER: unsupported kind of tokenizer: "bert"/);
    const text = await succeed(['inspect', file]);
    expect(text).toMatch(/Q4_0 → q4: .*, exact/);
    expect(text).toMatch(/^tokenizer\n {2}E_TOKENIZER: unsupported kind of tokenizer: "bert"/m);
  });

  it('says which roles the template writes, and where an answer ends', async () => {
    const report = await inspect(fixture('models/qwen2'));
    expect(report.template).toMatchObject({
      present: true,
      problem: null,
      roles: { system: 'written', user: 'written', assistant: 'written' },
    });
    expect(report.template.generationPrompt).toMatch(/assistant/);
    expect(report.tokenizer.endOfTurnIds.length).toBeGreaterThan(0);
  });

  it('prints the same facts for people', async () => {
    const text = await succeed(['inspect', fixture('gguf/llama.Q4_0.gguf')]);
    expect(text).toMatch(/^llama, 3 layers/m);
    expect(text).toMatch(/Q4_0 → q4: \d+ weights, .*, exact/);
  });

  it('says that the cpu, onnx and reference executors work here', async () => {
    const report = JSON.parse(await succeed(['doctor', '--json']));
    for (const name of ['cpu', 'onnx', 'reference']) {
      expect(report.executors).toContainEqual(expect.objectContaining({ name, works: true }));
    }
    const text = await succeed(['doctor']);
    expect(text).toMatch(
      /^cpu +works, ggml 0\.\d+\.\d+ \(\w+\), its \w+ library for this processor, up to \d+ threads$/m,
    );
    expect(text).toMatch(/^onnx +works, onnxruntime-node \d/m);
  });

  it.skipIf(process.platform !== 'linux')(
    'doctor names the variables by which a GPU can be found',
    async () => {
      const { stdout } = await holdfastProcess(['doctor'], '', { VK_DRIVER_FILES: '/none' });
      expect(stdout).toMatch(
        /^gpu +does not work: WebGPU finds no GPU\..* VK_ADD_DRIVER_FILES .* LD_LIBRARY_PATH .* XDG_RUNTIME_DIR /m,
      );
    },
  );
});
