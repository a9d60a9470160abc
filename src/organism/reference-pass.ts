import { headsInMeans } from '../attention/index.js';
import { type ForcedTurn, openForcedChat } from '../dialogue/index.js';
import { headGrid, type Model } from '../engine/index.js';
import { logSumExp } from '../executors/index.js';
import { type ShareSpread, spreadOf } from '../statistics/index.js';
import { currentMoment } from '../text/index.js';
import type { Trial } from './trial.js';
import { spansOf, type TrialArm, targetOf } from './trial-arm.js';

/** Shares before the policy, over the heads that see furthest. */
export interface ReferenceShares {
  readonly prefix: ShareSpread;
  /** Mean share of the first token, a control. */
  readonly sink: number;
  /** Mean share of the tokens directly after the prefix, as many as the prefix has; a control. */
  readonly after: number;
}

/** A round of a dialogue with given answers. */
export interface ReferenceRound extends ReferenceShares {
  /** Tokens of the answer, including the one that ends it. */
  readonly tokens: number;
  /** Sum of the negative log likelihoods of these tokens, in nats. */
  readonly loss: number;
}

/**
 * Reads a trial with its reference answers instead of the model's, turn by turn under the arm's policy, and returns how
 * likely they were. This shows what a policy costs when the model's own earlier words cannot lead it astray.
 * @param now as in {@link runTrial}
 */
export async function referencePass(
  model: Model,
  trial: Trial,
  arm: TrialArm,
  now = currentMoment(),
): Promise<ReferenceRound[]> {
  const spans = spansOf(model, trial, now);
  const chat = openForcedChat(model, {
    system: trial.system,
    now,
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
    loss += logSumExp(scores) - scores[id]!;
  }
  return loss;
}

function sharesOf(model: Model, { chosen, shares }: ForcedTurn): ReferenceShares {
  const { pairs } = headsInMeans(headGrid(model.executor.blueprint));
  const prefix: number[] = [];
  let sink = 0;
  let after = 0;
  for (const pair of pairs) {
    for (let row = 0; row < chosen.length; row++) {
      const at = (pair * chosen.length + row) * 3; // three ranges
      prefix.push(shares[at]! + shares[at + 1]!);
      sink += shares[at]!;
      after += shares[at + 2]!;
    }
  }
  return { prefix: spreadOf(prefix), sink: sink / prefix.length, after: after / prefix.length };
}
