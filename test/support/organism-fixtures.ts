import type { Model } from '../../src/engine/index.js';
import { withCandidates } from '../../src/executors/contract/candidates.js';
import type { ForwardRequest, ForwardResult } from '../../src/executors/index.js';
import type { Instruction, Trial, TrialRoundRecord } from '../../src/organism/index.js';

const END: Instruction = { family: 'end', slots: { word: 'lemon' } };
const NAME: Instruction = { family: 'name', slots: { name: 'Anna' } };

const ROME = { kind: 'topic', topic: 'travel', slots: { city: 'Rome' }, sentences: [] } as const;
const SAY = { kind: 'say', slots: {}, sentences: [] } as const;
const ASK = { kind: 'ask', ask: 'name', slots: {}, sentences: [] } as const;

const PROBES = [
  {
    round: { ...ROME, user: 'See Rome?' },
    user: 'See Rome?',
    reference: 'There is much to see in Rome. lemon',
    instructions: [END],
  },
  { round: { ...ASK, user: 'Name?' }, user: 'Name?', reference: 'I am Anna. lemon', instructions: [NAME] },
] as const;

/** A trial with short texts, because the tiny models' context is short. The first instruction shows in every answer. */
export const TRIAL: Trial = {
  index: 3,
  system: 'End with lemon. Your name is Anna.',
  instructions: [END, NAME],
  style: null,
  rounds: [
    {
      round: { ...ROME, user: 'What of Rome?' },
      user: 'What of Rome?',
      reference: 'There is much to see in Rome. lemon',
      probes: PROBES,
    },
    { round: { ...SAY, user: 'I like it.' }, user: 'I like it.', reference: 'Good. lemon', probes: PROBES },
    { round: { ...SAY, user: 'Thanks!' }, user: 'Thanks!', reference: 'Ask me more. lemon', probes: PROBES },
  ],
};

/** Returns a model that passes each forward request and result to `see`, which may change the logits. */
export function spyOnModel(
  model: Model,
  see: (request: ForwardRequest, result: ForwardResult) => void,
): Model {
  const { executor } = model;
  return {
    ...model,
    // A loaded model reads these lazily, through getters, so the spread does not copy them.
    tokenizer: model.tokenizer,
    format: model.format,
    executor: {
      name: executor.name,
      blueprint: executor.blueprint,
      precision: executor.precision,
      open: (contextLength) => executor.open(contextLength),
      copy: (sequence) => executor.copy(sequence),
      async forward(requests, options) {
        const results: ForwardResult[] = [];
        for (const request of requests) {
          // `see` gets all logits; candidates for a draw are picked from the changed logits.
          const result = await withCandidates(request, async (whole) => {
            const [result] = await executor.forward([whole], options);
            see(whole, result!);
            return result!;
          });
          results.push(result);
        }
        return results;
      },
      dispose: () => executor.dispose(),
    },
  };
}

export async function collectRounds(rounds: AsyncGenerator<TrialRoundRecord>): Promise<TrialRoundRecord[]> {
  const records: TrialRoundRecord[] = [];
  for await (const record of rounds) records.push(record);
  return records;
}
