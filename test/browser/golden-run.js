// Runs a fixture model on the golden ids, in a page or in Deno, and returns plain numbers that a test compares with the golden ones.
import { fetchModel } from 'holdfast/browser';

globalThis.goldenRun = async ({ folder, ids, target, strength, steps }) => {
  const model = await fetchModel(folder, { precision: 'f32' });
  const { executor, tokenizer } = model;
  const { layers, vocabSize } = executor.blueprint;
  const intervention = {
    target: [{ start: target[0], end: target[1] }],
    policy: 'split-softmax',
    strength: new Float32Array(layers.length * layers[0].attention.heads).fill(strength),
  };
  const split = { sequence: executor.open(512), tokens: ids, logits: 'all', intervention };
  const [whole] = await executor.forward([split]);

  const sequence = executor.open(512);
  const greedy = [];
  let tokens = ids;
  for (let step = 0; step < steps; step++) {
    const [{ logits }] = await executor.forward([{ sequence, tokens, logits: 'last' }]);
    const best = logits.indexOf(Math.max(...logits.subarray(0, vocabSize)));
    greedy.push(best);
    tokens = [best];
  }
  const words = tokenizer.decode(tokenizer.encode('a browser'));
  await model.dispose();
  return { logits: [...whole.logits], shares: [...whole.targetShares.after], greedy, words };
};
