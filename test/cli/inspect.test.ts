import { describe, expect, it } from 'vitest';
import { fixture, succeed } from './holdfast.js';

const inspect = async (...args: string[]) => JSON.parse(await succeed(['inspect', ...args, '--json']));

describe('holdfast inspect', () => {
  it('counts parameters, stored tensors, and the memory of weights and cache', async () => {
    const report = await inspect(fixture('models/llama'), '--context', '100');
    expect(report.blueprint).toMatchObject({ architecture: 'llama', vocabSize: 512 });
    expect(report.parameters).toBe(125_376);
    expect(report.tensors).toEqual([{ type: 'F32', count: 29, bytes: 4 * 125_376 }]);
    // The embedding is held twice: as rows to look up, and as the head.
    const embedding = 512 * 64;
    expect(report.memory).toEqual({
      contextLength: 100,
      weightBytes: 4 * (125_376 + embedding),
      cacheBytes: 100 * 3 * 2 * 2 * 16 * 4,
    });
    expect(report.weights.every((weight: { relativeError: number }) => weight.relativeError === 0)).toBe(
      true,
    );
  });

  it('measures what blocks of fewer bits do to the weights, and says what is exact', async () => {
    const byForm = async (file: string, precision: string) => {
      const { weights } = await inspect(fixture(`gguf/${file}`), '--precision', precision);
      return new Map<string, number>(
        weights.map((weight: { type: string; form: string; relativeError: number }) => [
          `${weight.type} ${weight.form}`,
          weight.relativeError,
        ]),
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

  it('prints the same for people', async () => {
    const text = await succeed(['inspect', fixture('gguf/llama.Q4_0.gguf')]);
    expect(text).toMatch(/^llama, 3 layers/m);
    expect(text).toMatch(/Q4_0 → q4: \d+ weights, .*, exact/);
  });

  it('finds a machine on which executors work', async () => {
    const report = JSON.parse(await succeed(['doctor', '--json']));
    expect(report.executors).toContainEqual(expect.objectContaining({ name: 'cpu', works: true }));
    expect(report.executors).toContainEqual(expect.objectContaining({ name: 'reference', works: true }));
    expect(await succeed(['doctor'])).toMatch(/^cpu +works, onnxruntime-node \d/m);
  });
});
