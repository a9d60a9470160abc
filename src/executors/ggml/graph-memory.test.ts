import { expect, it } from 'vitest';
import { Backend } from './backend.js';
import { GraphMemory } from './graph-memory.js';

it('rows of whole lines begin at lines, whatever small inputs and outputs a graph has', () => {
  const backend = Backend.open(1);
  const memory = new GraphMemory(backend);
  const { builder: g, context } = backend.graph(16);
  const picked = g.indices('I32', 8, 1);
  const states = g.input('F32', 64, 8);
  const sums = g.output(g.sumRows(states));
  const doubled = g.add(states, states);
  const result = g.output(g.getRows(g.multiply(doubled, states), picked));
  memory.give(g, 'a graph', () => {});
  for (const { tensor } of [picked, states, sums, doubled, result]) {
    expect(backend.ggml.dataOf(tensor)! % 64n).toBe(0n);
  }
  memory.dispose();
  context.free();
  backend.dispose();
});
