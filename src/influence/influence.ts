import { DEFAULT_TARGET, hasActed, needsSystem } from '../attention/index.js';
import { type ForcedChat, openForcedChat, type SteeringOptions, together } from '../dialogue/index.js';
import type { Model } from '../engine/index.js';
import { HoldfastError } from '../errors.js';
import type { Message, Moment } from '../text/index.js';
import { klDivergence } from './divergence.js';

/** A recorded dialogue on which influence is measured. */
export interface InfluenceHistory {
  /** The system prompt whose influence is measured; null for none. */
  readonly system: string | null;
  /** Exchanges that came before the first round; their answers are not measured. */
  readonly given?: readonly Message[];
  /** The rounds. */
  readonly exchanges: readonly { readonly user: string; readonly assistant: string }[];
}

/** A system prompt that stands in for the dialogue's own. */
export interface Reference {
  readonly name: string;
  /** Null for no system message. */
  readonly system: string | null;
  /**
   * The answers that the model gave under this prompt to the same user messages, one for each round: the influence is then
   * the total one. Default: the dialogue's own answers, and the influence is direct.
   */
  readonly answers?: readonly string[];
}

/** How influence is measured. */
export interface InfluenceOptions {
  /** How the model is steered in every pass; default: not at all. */
  readonly settings?: SteeringOptions;
  /** Returns the user's message of a turn, counted from 1 with the given exchanges, as it is put under a system prompt. */
  readonly message?: (system: string | null, turn: number, words: string) => string;
  /** The rounds to measure, from 1; default: all. */
  readonly rounds?: readonly number[];
  /** Context length in tokens; see `SessionOptions`. */
  readonly contextLength?: number;
  /** The date and time that the template writes, if it writes one. */
  readonly now: Moment;
}

/** The influence of a prompt in one round: nats a token are `sum / count`. */
export interface RoundInfluence {
  /** From 1, without the given exchanges. */
  readonly round: number;
  /** Sum over the answer's tokens, in nats. */
  readonly sum: number;
  /** Tokens of the answer, with the one that ends it. 0 if the template shows no end after an empty answer. */
  readonly count: number;
}

/** Returns a round's influence as a term of a mean in which every answer counts once. */
export const answerScore = ({
  sum,
  count,
}: Pick<RoundInfluence, 'sum' | 'count'>): { sum: number; count: number } => ({
  sum: sum / count,
  count: 1,
});

/** Whether influence is measured on the dialogue's own history, or on what the dialogue becomes under the reference. */
export type Effect = 'direct' | 'total';

/** The influence of a prompt beside one reference. */
export interface ReferenceInfluence extends Pick<Reference, 'name' | 'system'> {
  readonly effect: Effect;
  readonly rounds: readonly RoundInfluence[];
}

/** The influence of a prompt on a dialogue, and what it took to measure it. */
export interface Influence {
  readonly references: readonly ReferenceInfluence[];
  /** The measured rounds in which the policy changed no share under the dialogue's own prompt; all of them without a policy. */
  readonly idle: readonly number[];
  /** Tokens forwarded, over all passes. */
  readonly forwardedTokens: number;
  readonly forwardPasses: number;
}

/** Logits of a block of rows may take this many bytes, for each prompt. */
const BLOCK_BYTES = 2 ** 24;

/**
 * Measures the direct influence of a dialogue's system prompt on its answers. In round r, with the dialogue h before each
 * token of the answer (the user's messages, the earlier answers, and the answer's tokens so far), it is the mean over the
 * answer's tokens of
 *
 *   D_KL(p(· | prompt, h) ‖ p(· | reference, h))
 *
 * in nats: how much the next token's distribution changes if the system prompt is replaced by the reference and all else
 * stays. Both distributions are the model's own, at temperature 1, read by teacher forcing: all answers are given. A prompt
 * has no influence on an answer beside itself: it is exactly 0.
 *
 * The total influence compares two dialogues instead: h′ before the reference has the answers that were given under the
 * reference, with the dialogue's own answer of round r put into it on a branch,
 *
 *   D_KL(p(· | prompt, h) ‖ p(· | reference, h′))
 *
 * Every pass has the same steering, so a policy acts on each pass's own system message. Without a system message, guidance,
 * a reminder of it and policies whose target depends on it are off.
 * @throws HoldfastError what opening a forced chat and reading turns throw; `E_TEMPLATE` if the template writes an answer
 * differently under another system prompt
 */
export async function measureInfluence(
  model: Model,
  { system, given = [], exchanges }: InfluenceHistory,
  references: readonly Reference[],
  options: InfluenceOptions,
): Promise<Influence> {
  const { settings = {}, message = (_, __, words) => words, rounds, contextLength, now } = options;
  const { vocabSize } = model.executor.blueprint;
  const most = Math.max(1, Math.floor(BLOCK_BYTES / (vocabSize * Float32Array.BYTES_PER_ELEMENT)));
  const prompts = [system, ...references.map((reference) => reference.system)];
  const chats: ForcedChat[] = [];
  const measured: RoundInfluence[][] = references.map(() => []);
  const idle: number[] = [];
  try {
    for (const prompt of prompts) {
      const steering = prompt === null ? withoutSystem(settings) : settings;
      chats.push(
        openForcedChat(model, {
          ...steering,
          system: prompt,
          history: given,
          prefixFirst: true,
          now,
          contextLength,
        }),
      );
    }
    for (const [index, { user, assistant }] of exchanges.entries()) {
      const round = index + 1;
      const turn = given.length / 2 + round;
      const wanted = rounds?.includes(round) ?? true;
      const asked = prompts.map((prompt) => message(prompt, turn, user));
      const others = [null, ...references.map(({ answers }) => answers?.[index] ?? null)];
      const reading = chats.map((chat, at) =>
        chat.readInBlocks(asked[at]!, assistant, wanted ? most : 0, others[at] === null),
      );
      const sums = references.map(() => 0);
      let count = 0;
      for (;;) {
        // At the same time, so that an executor that batches reads the weights once for all.
        const [own, ...rows] = await together(reading.map((read) => read.next()));
        if (own!.done) {
          const { receipt } = own!.value;
          if (wanted && (receipt === null || !hasActed(receipt))) idle.push(round);
          break;
        }
        const { chosen, logits } = own!.value;
        for (const [at, other] of rows.entries()) {
          if (other.done || other.value.chosen.some((id, place) => id !== chosen[place])) {
            throw differently(round);
          }
          sums[at]! += divergenceOf(logits, other.value.logits, vocabSize);
        }
        count += chosen.length;
      }
      // What the reference's own dialogue has instead.
      for (const [at, answer] of others.entries()) {
        if (answer !== null) await chats[at]!.readInBlocks(asked[at]!, answer, 0).next();
      }
      if (!wanted) continue;
      for (const [at, sum] of sums.entries()) measured[at]!.push({ round, sum, count });
    }
    const work = chats.map(({ forwarded }) => forwarded);
    return {
      references: references.map(({ name, system, answers }, at) => ({
        ...{ name, system, effect: answers === undefined ? 'direct' : 'total' },
        rounds: measured[at]!,
      })),
      idle,
      forwardedTokens: work.reduce((sum, { tokens }) => sum + tokens, 0),
      forwardPasses: work.reduce((sum, { passes }) => sum + passes, 0),
    };
  } finally {
    for (const chat of chats) chat.dispose();
  }
}

/** Sums the divergences of rows of logits, `[rows, vocab]`. */
function divergenceOf(p: Float32Array, q: Float32Array, vocabSize: number): number {
  let sum = 0;
  for (let from = 0; from < p.length; from += vocabSize) {
    sum += klDivergence(p.subarray(from, from + vocabSize), q.subarray(from, from + vocabSize));
  }
  return sum;
}

/** Returns settings for a dialogue without a system message: what needs one is off. */
export function withoutSystem(settings: SteeringOptions): SteeringOptions {
  const reminder = settings.reminder === true ? null : settings.reminder;
  const off = { guidance: 1, ...(reminder !== undefined && { reminder }) };
  const { policy: _, strength: __, schedule: ___, ...others } = settings;
  return needsSystem(settings.target ?? DEFAULT_TARGET)
    ? { ...others, ...off, policy: 'off' }
    : { ...settings, ...off };
}

function differently(round: number): HoldfastError {
  return new HoldfastError(
    'E_TEMPLATE',
    `the chat template writes the answer of round ${round} differently under another system prompt`,
    { hint: 'Influence compares the same tokens: use a template that writes answers alike' },
  );
}
