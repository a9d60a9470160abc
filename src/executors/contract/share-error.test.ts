import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { shareErrorOf } from './share-error.js';

const ofExecutor = (name: string, precision: string) => shareErrorOf({ name, precision });

describe('the stated error of shares', () => {
  it.each([
    ['reference', 'f32'],
    ['cpu', 'f32'],
    ['onnx', 'f32'],
    ['ggml-vulkan', 'f32'],
    ['gpu', 'q4+offsets, q8'],
    ['gpu', 'bf16'],
  ])('is that of the contract on %s at %s, which rounds no activations', (name, precision) => {
    expect(ofExecutor(name, precision)).toMatchObject({ basis: 'contract', head: { max: 1e-4 } });
  });

  it('is the largest over the models that were compared', () => {
    expect(ofExecutor('cpu', 'q4_0+offsets, q8_0; cache f16')).toEqual({
      basis: 'compared',
      head: { mean: 0.004, p99: 0.024, max: 0.16 },
      meanOfHeads: { mean: 0.0009, p99: 0.0035, max: 0.0062 },
      models: ['SmolLM2-135M Q4_1', 'Qwen2.5-Coder-0.5B Q4_K_M', 'Gemma 3 270M Q4_K_M'],
    });
    expect(ofExecutor('onnx', 'q4+offsets, q8')!.head.max).toBe(0.32);
  });

  it.each(['bf16; cache f16', 'f32; cache f16', 'f16, f32'])(
    'is that of 16-bit floats on cpu at %s',
    (precision) => {
      expect(ofExecutor('cpu', precision)!.models).toEqual(['organism']);
    },
  );

  it('is not known where nothing was compared', () => {
    expect(ofExecutor('ggml-cuda', 'q8_0; cache f16')).toBeNull();
  });

  it('has the figures of docs/performance/accuracy.md', () => {
    const page = readFileSync(new URL('../../../docs/performance/accuracy.md', import.meta.url), 'utf8');
    const source = readFileSync(new URL('share-error.ts', import.meta.url), 'utf8');
    const rows = [...source.matchAll(/'(?:cpu|onnx)', 'blocks', '.*', \[(.*)\], \[(.*)\]\]/g)];
    expect(rows).toHaveLength(6);
    const written = (figures: string): RegExp =>
      new RegExp(
        figures
          .split(', ')
          .map((figure) => `${figure.slice(1).replace('.', '\\.')}0*`)
          .join(', '),
      );
    for (const [, head, means] of rows) {
      expect(page).toMatch(written(head!));
      expect(page).toMatch(written(means!));
    }
  });
});
