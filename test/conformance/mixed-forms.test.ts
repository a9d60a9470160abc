import { vi } from 'vitest';
import { Graph } from '../../src/executors/onnx/graph.js';
import { createOnnxExecutor } from '../../src/executors/onnx/index.js';
import { type Create, mixedForms } from './mixed-forms.js';

/** Activations stay in f32; `integer-blocks.test.ts` tests their rounding. */
const onnx: Create = async ({ plan, checkpoint }) => {
  const { contrib } = Graph.prototype;
  const spy = vi.spyOn(Graph.prototype, 'contrib').mockImplementation(function (
    this: Graph,
    type,
    inputs,
    attributes,
    outputs,
  ) {
    const exact = type === 'MatMulNBits' ? { ...attributes, accuracy_level: 1 } : attributes;
    return contrib.call(this, type, inputs, exact, outputs);
  });
  try {
    return await createOnnxExecutor(plan, checkpoint, { precision: 'auto' });
  } finally {
    spy.mockRestore();
  }
};

mixedForms('onnx', onnx);
