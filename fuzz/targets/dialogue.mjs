import { strictEqual } from 'node:assert';
import { readFileSync } from 'node:fs';
import { holdText, loadDialogue, readHold } from '../../dist-fuzz/dialogue/index.js';
import { jsonOf } from '../sources.mjs';

const EXAMPLE = new URL('../../examples/anchor.json', import.meta.url);

/** A dialogue or a hold. What is read and written again is read as the same. */
export default {
  rooms: ['dialogue', 'attention', 'text/moment'],
  kind: 'json',
  seeds: () => [
    new Uint8Array(readFileSync(EXAMPLE)),
    ...[SAVED, HOLD].map((json) => Buffer.from(JSON.stringify(json))),
  ],
  read(bytes) {
    const json = jsonOf(bytes);
    const kind = json?.format === 'holdfast-hold' ? KINDS.hold : KINDS.dialogue;
    return { kind, file: kind.read(json) };
  },
  check({ kind: { read, write }, file }) {
    const again = read(JSON.parse(write(file)));
    strictEqual(JSON.stringify(again), JSON.stringify(file));
    strictEqual(write(again), write(file));
  },
};

const KINDS = {
  hold: { read: readHold, write: holdText },
  dialogue: { read: loadDialogue, write: ({ saved, messages }) => JSON.stringify(saved ?? messages) },
};

const SETTINGS = {
  policy: 'split-softmax',
  schedule: { kind: 'per-turn', from: 1, to: 0.6, step: 0.04 },
  target: 'message',
  layers: [0, 2],
  heads: null,
  pairs: null,
};
const ANSWER = {
  ...SETTINGS,
  ...{ cache: 'held', silence: [[0, 1]], guidance: 1, reminder: true, maxTokens: 10, stop: ['\n'] },
  sampling: {
    temperature: 1,
    topK: 0,
    topP: 1,
    minP: 0,
    repetitionPenalty: 1,
    seed: 5,
    topLogProbabilities: 0,
  },
};
const TURN = {
  ...ANSWER,
  ...{ system: 'Hold fast.', ids: [3, 4], begun: 0, strengths: [1, 0.5], finish: 'stop', reusedTokens: 2 },
  ...{ guidanceReusedTokens: null, dropped: [] },
};
const SAVED = {
  ...{
    format: 'holdfast-dialogue',
    version: 1,
    library: '0.1.0',
    contextLength: 64,
    onContextFull: 'drop-oldest',
  },
  ...{ trustContent: false, prefixFirst: false, now: '2026-01-31T09:00:00', given: 1 },
  model: { name: 'tiny', hash: '0'.repeat(64), template: '1'.repeat(64), executor: 'cpu', precision: 'f32' },
  messages: [
    { role: 'system', content: 'Hold fast.' },
    ...['a', 'b'].flatMap((text) => [
      { role: 'user', content: text },
      { role: 'assistant', content: text },
    ]),
  ],
  turns: [TURN],
  next: { ...ANSWER, heldTokens: 3, guidanceHeldTokens: 0 },
};
const HOLD = {
  ...{
    format: 'holdfast-hold',
    version: 1,
    library: '0.1.0',
    date: '2026-11-29',
    verdict: 'helps',
    prompt: null,
  },
  settings: SETTINGS,
  model: { name: 'tiny', hash: '0'.repeat(64), layers: 3, heads: 4 },
  evidence: {
    ...{ outcome: 'late influence', tested: 'split-softmax', p: 0.001, budget: 0.02, rounds: 8 },
    ...{ gain: { value: 0.2, low: 0.1, high: 0.3 }, cost: null, executor: 'cpu', precision: 'auto' },
    ...{ chosenOn: { dialogues: 8, prompts: 1 }, testedOn: null },
  },
};
