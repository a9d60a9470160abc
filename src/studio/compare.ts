import { type HeadSelection, parseTarget } from '../attention/index.js';
import { type ForcedTurn, openForcedChat, policyChoice } from '../dialogue/index.js';
import type { Model } from '../engine/index.js';
import { largest, logSumExp } from '../executors/index.js';
import { klDivergence } from '../influence/index.js';
import type { Alternative, CompareRequest, Steer, TokenComparison } from './protocol.js';
import { alternative } from './token-trace.js';

/** The number of most probable tokens in a comparison. */
const SHOWN = 6;

/**
 * Returns what a hold changes in an answer: the next-token distributions at each of its tokens, read twice with the same
 * history, untouched and held. The history is computed under the same setting as the answer.
 * @throws HoldfastError what reading a given answer throws
 */
export async function compareAnswer(model: Model, request: CompareRequest): Promise<TokenComparison[]> {
  const held = await readUnder(model, request, request.steer);
  const untouched = await readUnder(model, request, { ...request.steer, policy: 'off', schedule: null });
  const { vocabSize } = model.executor.blueprint;
  const rowOf = ({ logits }: ForcedTurn, row: number): Float32Array =>
    logits.subarray(row * vocabSize, (row + 1) * vocabSize);
  return held.chosen.map((_, row) => {
    const [p, q] = [rowOf(untouched, row), rowOf(held, row)];
    return {
      // Rounding of two nearly equal rows can give a tiny negative sum.
      kl: Math.max(0, klDivergence(p, q)),
      untouched: mostProbable(model, p),
      held: mostProbable(model, q),
    };
  });
}

async function readUnder(
  model: Model,
  { system, past, user, assistant }: CompareRequest,
  { policy, schedule, target, pairs }: Steer,
): Promise<ForcedTurn> {
  const selection: HeadSelection = pairs === null ? {} : { pairs };
  const chat = openForcedChat(model, {
    system,
    ...policyChoice(policy, schedule),
    target: parseTarget(target),
    ...selection,
    history: past.flatMap((turn) => [
      { role: 'user' as const, content: turn.user },
      { role: 'assistant' as const, content: turn.assistant },
    ]),
  });
  try {
    return await chat.read(user, assistant);
  } finally {
    chat.dispose();
  }
}

function mostProbable({ tokenizer }: Model, logits: Float32Array): Alternative[] {
  const normaliser = logSumExp(logits);
  return largest(logits, SHOWN).map((id) => alternative(tokenizer!, id, logits[id]! - normaliser));
}
