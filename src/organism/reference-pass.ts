import {
  type DialoguePoint,
  scheduledStrength,
  type TokenRange,
  uniformStrength,
} from '../attention/index.js';
import { headGrid, type Model, Session } from '../engine/index.js';
import { HoldfastError } from '../errors.js';
import type { ForwardResult, Intervention } from '../executors/index.js';
import { type ShareSpread, spreadOf } from '../measure/index.js';
import { layoutDialogue, type Message } from '../text/index.js';
import { type Arm, spansOf, targetOf } from './arm.js';
import type { Trial } from './trial.js';

/** Shares before the policy over the layers that see the whole dialogue; NaN where there are none. */
export interface ReferenceShares {
  readonly prefix: ShareSpread;
  /** Controls, their means: the first token, and as many tokens as the prefix has right behind it. */
  readonly sink: number;
  readonly after: number;
}

/** A round of a dialogue whose answers are given. */
export interface ReferenceRound extends ReferenceShares {
  /** Tokens of the answer, with the one that ends it, and the sum of their negative log likelihoods in nats. */
  readonly tokens: number;
  readonly loss: number;
}

/**
 * Reads a trial with its reference answers in place of the model's, turn by turn under the arm's policy, and says how
 * likely they were: what a policy costs a model that is not led astray by its own words.
 * @throws HoldfastError `E_STRENGTH` for an arm whose strength is not one number a turn: `hold`, and schedules by tokens
 */
export async function referencePass(model: Model, trial: Trial, arm: Arm): Promise<ReferenceRound[]> {
  const spans = spansOf(model, trial);
  const format = model.format!; // spansOf has asked for it
  const session = new Session(model.executor);
  const messages: Message[] = [{ role: 'system', content: trial.system }];
  const rounds: ReferenceRound[] = [];
  try {
    for (const [index, { user, reference }] of trial.rounds.entries()) {
      messages.push({ role: 'user', content: user }, { role: 'assistant', content: reference });
      const layout = layoutDialogue(format, messages, { addGenerationPrompt: false });
      const { content } = layout.messages.at(-1)!;
      // As in a chat, the token that ends a turn is chosen in it, and forwarded in the next.
      const { result, reused } = await session.prefill(layout.ids.slice(0, content.end), {
        logits: 'all',
        spans: [spans.sink, { start: 1, end: spans.prefix.end }, spans.after],
        intervention: interventionOf(model, arm, targetOf(arm, spans), index + 1, content.end),
      });
      const chosen = layout.ids.slice(content.start, content.end + 1);
      // The row before a token chooses it.
      const firstRow = content.start - 1 - reused;
      rounds.push({
        tokens: chosen.length,
        loss: lossOf(model, result, firstRow, chosen),
        ...sharesOf(model, result, { start: firstRow, end: firstRow + chosen.length }),
      });
    }
    return rounds;
  } finally {
    session.dispose();
  }
}

/** What a chat does under this arm in every pass of a turn. */
function interventionOf(
  model: Model,
  arm: Arm,
  target: TokenRange,
  turn: number,
  tokens: number,
): Intervention {
  const { policy = 'off', layers, heads } = arm.settings;
  const strength = strengthAt(arm, { turn, tokens, targetTokens: target.end - target.start });
  const selection = { ...(layers ? { layers } : {}), ...(heads ? { heads } : {}) };
  const grid = headGrid(model.executor.blueprint);
  return { target: [target], ...uniformStrength(policy, strength, grid, selection) };
}

function strengthAt({ name, settings }: Arm, point: DialoguePoint): number {
  const { policy = 'off', strength, schedule } = settings;
  if (policy === 'off') return 1;
  if (strength !== undefined) return strength;
  if (schedule?.kind === 'constant' || schedule?.kind === 'per-turn') {
    return scheduledStrength(policy, schedule, point);
  }
  throw new HoldfastError('E_STRENGTH', `the arm ${name} has no strength that holds for a whole turn`, {
    hint: 'Reference answers are read a turn at a time: give a strength, or a schedule by turns',
  });
}

/** @param chosen the tokens that the rows from `firstRow` on chose */
function lossOf(
  model: Model,
  { logits }: ForwardResult,
  firstRow: number,
  chosen: readonly number[],
): number {
  const { vocabSize } = model.executor.blueprint;
  let loss = 0;
  for (const [index, id] of chosen.entries()) {
    const row = firstRow + index;
    const scores = logits.subarray(row * vocabSize, (row + 1) * vocabSize);
    let top = Number.NEGATIVE_INFINITY;
    for (const score of scores) top = Math.max(top, score);
    let sum = 0;
    for (const score of scores) sum += Math.exp(score - top);
    loss += top + Math.log(sum) - scores[id]!;
  }
  return loss;
}

function sharesOf(model: Model, { spanShares }: ForwardResult, rows: TokenRange): ReferenceShares {
  const { layers } = model.executor.blueprint;
  const { heads } = headGrid(model.executor.blueprint);
  const { before } = spanShares!; // [layers, heads, new tokens, 3 spans]
  const newTokens = before.length / (layers.length * heads * 3);
  const prefix: number[] = [];
  let sink = 0;
  let after = 0;
  for (const [layer, { attention }] of layers.entries()) {
    if (attention.window !== null) continue;
    for (let head = 0; head < heads; head++) {
      for (let row = rows.start; row < rows.end; row++) {
        const at = ((layer * heads + head) * newTokens + row) * 3;
        prefix.push(before[at]! + before[at + 1]!);
        sink += before[at]!;
        after += before[at + 2]!;
      }
    }
  }
  return { prefix: spreadOf(prefix), sink: sink / prefix.length, after: after / prefix.length };
}
