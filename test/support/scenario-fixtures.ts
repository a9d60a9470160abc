import type { Model } from '../../src/engine/index.js';
import type { Scenario } from '../../src/scenario/index.js';
import type { Arm } from '../../src/study/index.js';
import { SYSTEM } from './chat-fixtures.js';
import { spyOnModel } from './organism-fixtures.js';

export const OFF: Arm = { name: 'off', settings: { policy: 'off' }, repeatEvery: null, noSystem: false };

export const armOf = (settings: Arm['settings'], repeatEvery: number | null = null): Arm => ({
  name: 'an arm',
  settings,
  repeatEvery,
  noSystem: false,
});

const WORDS = ['What of it?', 'Pull harder.', 'And now?', 'Let go!'];

/** A dialogue with short texts, for models with a short context. Two probes share a question. */
export const SCENARIO: Scenario = {
  id: 'rope',
  group: 'ropes',
  system: SYSTEM,
  given: [],
  rounds: 3,
  content: { words: WORDS },
  openUser() {
    let said = 0;
    return { say: async () => WORDS[said++]!, dispose() {} };
  },
  probesAfter: () => [
    {
      label: 'keeper',
      question: 'Who are you?',
      rule: null,
      judge: (answer) => (answer.length > 4 ? 1 : 0.5),
    },
    { label: 'length', question: 'Who are you?', rule: null, judge: (answer) => answer.length / 1000 },
    { label: 'hold', question: 'Hold?', rule: null, judge: () => 1 / 3 },
  ],
  obedience: (round) => 1 / (2 + round),
  ability: (_, __, finished) => (finished ? 1 : null),
  reference: WORDS.slice(0, 3).flatMap((content) => [
    { role: 'user', content },
    { role: 'assistant', content: 'I hold fast.' },
  ]),
  unrelated: { id: 'sails', system: 'You are a sail.' },
};

/**
 * Returns the random model with flattened logits, so that the seed matters, and a likely end of turn.
 * @param temperature divides the logits; infinite for words independent of the dialogue
 */
export function speaking(model: Model, temperature = 8): Model {
  const [end] = model.format!.tokenizer.endOfTurnIds;
  return spyOnModel(model, (_, { logits }) => {
    for (const [id, logit] of logits.entries()) logits[id] = logit / temperature;
    if (logits.length > 0) logits[end!] = 4;
  });
}
