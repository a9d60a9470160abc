import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { fixture, holdfastProcess, succeed, temporaryFile } from './holdfast.js';

const inspect = async (...args: string[]) => JSON.parse(await succeed(['inspect', ...args, '--json']));

describe('holdfast inspect', () => {
  it('counts parameters, stored tensors, and the memory of weights and cache', async () => {
    const report = await inspect(fixture('models/llama'), '--context', '100');
    expect(report.blueprint).toMatchObject({ architecture: 'llama', vocabSize: 512 });
    expect(report.parameters).toBe(125_376);
    expect(report.tensors).toEqual([{ type: 'F32', count: 29, bytes: 4 * 125_376 }]);
    // The embedding is in memory twice: as rows to look up, and as the head.
    const embedding = 512 * 64;
    expect(report.memory).toEqual({
      contextLength: 100,
      weightBytes: {
        cpu: 4 * (125_376 + embedding),
        onnx: 4 * (125_376 + embedding),
        gpu: 4 * (125_376 + embedding),
      },
      cacheBytes: 100 * 3 * 2 * 2 * 16 * 4,
    });
    expect(report.forms.cpu.every((form: { relativeError: number }) => form.relativeError === 0)).toBe(true);
    expect(report.forms.gpu).toEqual(report.forms.cpu);
  });

  it('measures the error of quantised weights, and says which are exact', async () => {
    const byForm = async (file: string, precision: string) => {
      const { forms } = await inspect(fixture(`gguf/${file}`), '--precision', precision);
      return new Map<string, number>(
        forms.cpu.map(
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
  });

  it("shows every tensor's form in each executor, and its size", async () => {
    const { weights } = await inspect(fixture('gguf/llama.F16.gguf'));
    const named = (name: string) => weights.filter((weight: { name: string }) => weight.name === name);
    expect(named('layers.1.up')).toEqual([
      {
        ...{ name: 'layers.1.up', tensor: 'blk.1.ffn_up.weight', type: 'F16', shape: [96, 64] },
        held: {
          cpu: { form: 'f32', bytes: 4 * 96 * 64, relativeError: 0 },
          onnx: { form: 'f32', bytes: 4 * 96 * 64, relativeError: 0 },
          gpu: { form: 'f16', bytes: 2 * 96 * 64, relativeError: 0 },
        },
      },
    ]);
    const rows = { form: 'rows as stored', bytes: 2 * 512 * 64, relativeError: 0 };
    expect(named('embedding')[0].held).toEqual({ cpu: rows, onnx: rows, gpu: rows });
    const coarser = await inspect(fixture('gguf/llama.F16.gguf'), '--precision', 'q4');
    const { cpu, gpu } = coarser.weights.find(({ name }: { name: string }) => name === 'layers.1.up').held;
    expect(cpu).toEqual(gpu);
    // Half a byte per weight, and a scale for every 32.
    expect(cpu).toMatchObject({ form: 'q4', bytes: (96 * 64) / 2 + (96 * 64) / 8 });
    expect(cpu.relativeError).toBeGreaterThan(0.03);
  });

  it('lists the tensors on request', async () => {
    const file = fixture('gguf/llama.F16.gguf');
    const line =
      /layers\.1\.up +blk\.1\.ffn_up\.weight +96 × 64 +F16 +f32 \(cpu, onnx\), f16 \(gpu\) +exact$/m;
    expect(await succeed(['inspect', file, '--tensors'])).toMatch(line);
    const text = await succeed(['inspect', file]);
    expect(text).not.toMatch(/layers\.1\.up/);
    expect(text).toMatch(
      /^in the cpu and onnx executors at precision auto\n(.*\n)* {2}F16 → f32: 22 weights/m,
    );
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
    expect(await succeed(['doctor'])).toMatch(/^onnx +works, onnxruntime-node \d/m);
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
