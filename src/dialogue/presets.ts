import { headGrid, type Model } from '../engine/index.js';
import type { HoldFile } from './hold-file.js';

/** What all presets have: they are for any prompt. */
const ANY_PROMPT = { format: 'holdfast-hold', version: 1, prompt: null } as const;
/** Every head of every layer. */
const EVERYWHERE = { layers: null, heads: null, pairs: null } as const;

/**
 * Holds of measured models, each with its evidence. Models are recognised by their weights. To add one, measure it, and copy the fields
 * of its hold.
 */
export const PRESETS: readonly HoldFile[] = [
  // docs/results/recommended
  {
    ...ANY_PROMPT,
    verdict: 'helps',
    library: '0.1.0',
    date: '2026-11-29',
    settings: {
      policy: 'split-softmax',
      schedule: { kind: 'per-turn', from: 1, to: 0.6, step: 0.04 },
      target: 'message',
      ...EVERYWHERE,
    },
    model: {
      name: 'organism',
      hash: 'a9aa67caddc3a7442de77c27d1cc3166cdb57f480e1013ca2cf48131fd0669a2',
      layers: 6,
      heads: 5,
    },
    evidence: {
      outcome: 'stability in rounds 8 to 16',
      tested: 'split-softmax, k 1 → 0.6, 0.04 a turn on the target message',
      gain: { value: 0.251, low: 0.21, high: 0.293 },
      p: 0.0001,
      cost: { value: 0.0253, low: 0.0137, high: 0.0384 },
      budget: null,
      rounds: 16,
      chosenOn: null,
      testedOn: { dialogues: 96, prompts: 96 },
      executor: 'cpu',
      precision: 'auto',
    },
  },
  // docs/results/replication-qwen
  {
    ...ANY_PROMPT,
    verdict: 'helps',
    library: '0.1.0',
    date: '2026-11-29',
    settings: {
      policy: 'split-softmax',
      schedule: { kind: 'constant', strength: 0.6 },
      target: 'message',
      ...EVERYWHERE,
    },
    model: {
      name: 'Qwen2.5-Coder-0.5B-Instruct.Q4_K_M',
      hash: '1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32',
      layers: 24,
      heads: 14,
    },
    evidence: {
      outcome: 'stability in rounds 8 to 12 on prompts that it follows at first',
      tested: 'split-softmax, k = 0.6 on the target message',
      gain: { value: 0.203, low: 0.089, high: 0.318 },
      p: 0.008,
      cost: { value: 0.0382, low: 0.0269, high: 0.0537 },
      budget: null,
      rounds: 12,
      chosenOn: null,
      testedOn: { dialogues: 64, prompts: 32 },
      executor: 'cpu',
      precision: 'auto',
    },
  },
  // docs/results/replication-smollm2-primed
  {
    ...ANY_PROMPT,
    verdict: 'nothing helps',
    library: '0.1.0',
    date: '2026-11-29',
    settings: { policy: 'off', schedule: null, target: 'message', ...EVERYWHERE },
    model: {
      name: 'SmolLM2-135M-Instruct.Q4_1',
      hash: 'b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53',
      layers: 30,
      heads: 9,
    },
    evidence: {
      outcome: 'stability in rounds 8 to 12, after three given answers that follow the prompt',
      tested: 'split-softmax, k = 0.7 on the target message',
      gain: { value: 0.01, low: -0.063, high: 0.089 },
      p: 0.89,
      cost: { value: 0.0302, low: 0.0259, high: 0.0362 },
      budget: null,
      rounds: 12,
      chosenOn: null,
      testedOn: { dialogues: 64, prompts: 64 },
      executor: 'cpu',
      precision: 'auto',
    },
  },
];

/** Returns the preset of a model; null if it has none. The weights are hashed only if the shape of the model is that of a preset. */
export async function presetFor(model: Model): Promise<HoldFile | null> {
  const { layers, heads } = headGrid(model.executor.blueprint);
  const alike = PRESETS.filter((preset) => preset.model.layers === layers && preset.model.heads === heads);
  if (alike.length === 0) return null;
  const hash = await model.hash();
  return alike.find((preset) => preset.model.hash === hash) ?? null;
}
