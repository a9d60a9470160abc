import { type ForcedTurn, openForcedChat } from '../dialogue/index.js';
import { headGrid, type Model } from '../engine/index.js';
import { type ShareSpread, spreadOf } from '../statistics/index.js';
import type { Trial } from './trial.js';
import { type Arm, spansOf, targetOf } from './trial-arm.js';

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
 */
export async function referencePass(model: Model, trial: Trial, arm: Arm): Promise<ReferenceRound[]> {
  const spans = spansOf(model, trial);
  const chat = openForcedChat(model, {
    system: trial.system,
    ...arm.settings,
    target: { kind: 'range', range: targetOf(arm, spans) },
    ranges: [spans.sink, { start: 1, end: spans.prefix.end }, spans.after],
  });
  const rounds: ReferenceRound[] = [];
  try {
    for (const { user, reference } of trial.rounds) {
      const turn = await chat.read(user, reference);
      rounds.push({ tokens: turn.chosen.length, loss: lossOf(model, turn), ...sharesOf(model, turn) });
    }
    return rounds;
  } finally {
    chat.dispose();
  }
}

function lossOf(model: Model, { chosen, logits }: ForcedTurn): number {
  const { vocabSize } = model.executor.blueprint;
  let loss = 0;
  for (const [row, id] of chosen.entries()) {
    const scores = logits.subarray(row * vocabSize, (row + 1) * vocabSize);
    let top = Number.NEGATIVE_INFINITY;
    for (const score of scores) top = Math.max(top, score);
    let sum = 0;
    for (const score of scores) sum += Math.exp(score - top);
    loss += top + Math.log(sum) - scores[id]!;
  }
  return loss;
}

function sharesOf(model: Model, { chosen, shares }: ForcedTurn): ReferenceShares {
  const { layers } = model.executor.blueprint;
  const { heads } = headGrid(model.executor.blueprint);
  const prefix: number[] = [];
  let sink = 0;
  let after = 0;
  for (const [layer, { attention }] of layers.entries()) {
    if (attention.window !== null) continue;
    for (let head = 0; head < heads; head++) {
      for (let row = 0; row < chosen.length; row++) {
        const at = ((layer * heads + head) * chosen.length + row) * 3; // three ranges
        prefix.push(shares[at]! + shares[at + 1]!);
        sink += shares[at]!;
        after += shares[at + 2]!;
      }
    }
  }
  return { prefix: spreadOf(prefix), sink: sink / prefix.length, after: after / prefix.length };
}
