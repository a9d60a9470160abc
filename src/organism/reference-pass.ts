import { resolveTarget, scheduledStrength, type TokenRange, uniformStrength } from '../attention/index.js';
import { headGrid, type Model, Session } from '../engine/index.js';
import type { ForwardResult, Intervention } from '../executors/index.js';
import { quantile } from '../measure/index.js';
import { layoutDialogue, type Message } from '../text/index.js';
import { type Arm, prefixOf, targetOf } from './arm.js';
import type { Trial } from './trial.js';

/** How attention to a span is spread over the rows and heads that chose an answer's tokens. */
export interface ShareSpread {
  readonly mean: number;
  readonly median: number;
  readonly ninetieth: number;
  /** Fractions of rows × heads with a share above 0.5, and below 0.001: where a policy on shares has little to move. */
  readonly above: number;
  readonly below: number;
}

/** A round of a dialogue whose answers are given. */
export interface ReferenceRound {
  /** Tokens of the answer, with the one that ends it, and the sum of their negative log likelihoods in nats. */
  readonly tokens: number;
  readonly loss: number;
  /** Shares before the policy over the layers that see the whole dialogue. */
  readonly prefix: ShareSpread;
  /** Controls: the first token, and as many tokens as the prefix has right behind it. */
  readonly sink: number;
  readonly after: number;
}

/**
 * Reads a trial with its reference answers in place of the model's, turn by turn under the arm's policy, and says how
 * likely they were: what a policy costs a model that is not led astray by its own words.
 */
export async function referencePass(model: Model, trial: Trial, arm: Arm): Promise<ReferenceRound[]> {
  const prefix = prefixOf(model, trial);
  const format = model.format!; // prefixOf has asked for it
  const session = new Session(model.executor);
  const messages: Message[] = [{ role: 'system', content: trial.system }];
  const rounds: ReferenceRound[] = [];
  try {
    for (const [index, { user, reference }] of trial.rounds.entries()) {
      messages.push({ role: 'user', content: user }, { role: 'assistant', content: reference });
      const layout = layoutDialogue(format, messages, { addGenerationPrompt: false });
      const start = session.length;
      const ids = layout.ids.slice(start);
      const result = await session.advance(ids, {
        logits: 'all',
        spans: [
          { start: 0, end: 1 },
          { start: 1, end: prefix.end },
          { start: prefix.end, end: 2 * prefix.end },
        ],
        intervention: interventionOf(model, arm, prefix, index + 1, layout.ids.length),
      });
      // The row before a token chooses it; the token behind the content ends the turn.
      const { content } = layout.messages.at(-1)!;
      const rows = { start: content.start - 1 - start, end: content.end - start };
      rounds.push({ ...lossOf(result, ids, rows), ...sharesOf(model, result, ids.length, rows) });
    }
    return rounds;
  } finally {
    session.dispose();
  }
}

function interventionOf(
  model: Model,
  arm: Arm,
  prefix: TokenRange,
  turn: number,
  tokens: number,
): Intervention {
  const {
    policy = 'off',
    strength = 1,
    schedule = { kind: 'constant', strength },
    layers,
    heads,
  } = arm.settings;
  const target = resolveTarget(targetOf(arm, prefix), {
    spans: [{ role: 'sink', turn: 0, start: 0, end: 1 }],
    system: { message: prefix, content: prefix },
  });
  const targetTokens = target.reduce((sum, { start, end }) => sum + end - start, 0);
  const now = scheduledStrength(policy, schedule, { turn, tokens, targetTokens });
  const selection = { ...(layers ? { layers } : {}), ...(heads ? { heads } : {}) };
  return { target, ...uniformStrength(policy, now, headGrid(model.executor.blueprint), selection) };
}

function lossOf(
  { logits }: ForwardResult,
  ids: readonly number[],
  rows: TokenRange,
): { readonly tokens: number; readonly loss: number } {
  const vocab = logits.length / ids.length;
  let loss = 0;
  for (let row = rows.start; row < rows.end; row++) {
    const scores = logits.subarray(row * vocab, (row + 1) * vocab);
    let top = Number.NEGATIVE_INFINITY;
    for (const score of scores) top = Math.max(top, score);
    let sum = 0;
    for (const score of scores) sum += Math.exp(score - top);
    loss += top + Math.log(sum) - scores[ids[row + 1]!]!;
  }
  return { tokens: rows.end - rows.start, loss };
}

function sharesOf(
  model: Model,
  { spanShares }: ForwardResult,
  newTokens: number,
  rows: TokenRange,
): Pick<ReferenceRound, 'prefix' | 'sink' | 'after'> {
  const { layers } = model.executor.blueprint;
  const { before } = spanShares!; // [layers, heads, new tokens, 3 spans]
  const shares: number[] = [];
  let sink = 0;
  let after = 0;
  for (const [layer, { attention }] of layers.entries()) {
    if (attention.window !== null) continue;
    for (let head = 0; head < attention.heads; head++) {
      for (let row = rows.start; row < rows.end; row++) {
        const at = ((layer * attention.heads + head) * newTokens + row) * 3;
        shares.push(before[at]! + before[at + 1]!);
        sink += before[at]!;
        after += before[at + 2]!;
      }
    }
  }
  return { prefix: spreadOf(shares), sink: sink / shares.length, after: after / shares.length };
}

function spreadOf(shares: number[]): ShareSpread {
  shares.sort((a, b) => a - b);
  const fraction = (matches: (share: number) => boolean): number =>
    shares.filter(matches).length / shares.length;
  return {
    mean: shares.reduce((sum, share) => sum + share, 0) / shares.length,
    median: quantile(shares, 0.5),
    ninetieth: quantile(shares, 0.9),
    above: fraction((share) => share > 0.5),
    below: fraction((share) => share < 0.001),
  };
}
