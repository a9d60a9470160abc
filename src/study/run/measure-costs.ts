import { layoutAnswer, openForcedChat, together } from '../../dialogue/index.js';
import type { Model } from '../../engine/index.js';
import { logSumExp } from '../../executors/index.js';
import { klDivergence } from '../../influence/index.js';
import type { ChoiceQuestion, HeldOutDialogue } from '../../material/index.js';
import type { Moment } from '../../text/index.js';
import { type Arm, type AskedQuestion, type RoundSum, UNTOUCHED } from '../plan/index.js';
import { messageUnder } from './arm-message.js';

/** A sum and the number of its terms. */
export interface Cost {
  readonly sum: number;
  readonly count: number;
}

/** A divergence, in all and by round of the dialogue. */
export interface Divergence extends Cost {
  readonly rounds: readonly RoundSum[];
}

/** A dialogue whose answers are held out. */
export type Exchanges = Pick<HeldOutDialogue, 'system' | 'exchanges'>;

/** The tokens of an answer, and the logits `[tokens, vocab]` of the rows that chose them. */
interface ReadTurn {
  readonly chosen: readonly number[];
  readonly logits: Float32Array;
}

/**
 * Sums over the answers' tokens the divergence of the arm's next-token distribution from the untouched model's, in nats:
 *
 *   D_KL(p ‖ q) = Σ_v p(v) · (log p(v) − log q(v)),   p untouched, q under the arm
 *
 * Both read the same answers by teacher forcing, turn by turn, the arm with the strength of each turn and with the
 * system prompt that it repeats.
 */
export async function divergence(
  model: Model,
  dialogue: Exchanges,
  arm: Arm,
  now: Moment,
): Promise<Divergence> {
  const untouched = readUnder(model, dialogue, UNTOUCHED, now);
  const changed = readUnder(model, dialogue, arm, now);
  const { vocabSize } = model.executor.blueprint;
  let sum = 0;
  let count = 0;
  const rounds: Divergence['rounds'][number][] = [];
  try {
    for (;;) {
      // At the same time, so that an executor that batches reads the weights once for both.
      const [{ value: before }, { value: after }] = await together([untouched.next(), changed.next()]);
      if (before === undefined || after === undefined) return { sum, count, rounds };
      const { chosen, logits } = before;
      let ofRound = 0;
      for (const row of chosen.keys()) {
        const [from, to] = [row * vocabSize, (row + 1) * vocabSize];
        const nats = klDivergence(logits.subarray(from, to), after.logits.subarray(from, to));
        sum += nats;
        ofRound += nats;
      }
      count += chosen.length;
      rounds.push({ round: rounds.length + 1, sum: ofRound, count: chosen.length });
    }
  } finally {
    await together([untouched.return(undefined), changed.return(undefined)]);
  }
}

/** Sums −log p over the tokens of held-out answers, in nats. */
export async function negativeLogLikelihood(
  model: Model,
  dialogue: Exchanges,
  arm: Arm,
  now: Moment,
): Promise<Cost> {
  const { vocabSize } = model.executor.blueprint;
  let sum = 0;
  let count = 0;
  for await (const { chosen, logits } of readUnder(model, dialogue, arm, now)) {
    for (const [row, id] of chosen.entries()) {
      const scores = logits.subarray(row * vocabSize, (row + 1) * vocabSize);
      sum += logSumExp(scores) - scores[id]!;
    }
    count += chosen.length;
  }
  return { sum, count };
}

const LETTERS = ['A', 'B', 'C', 'D'] as const;

/**
 * Returns whether the right option's letter is the most probable of the four as the first token of the answer (sum 1 or
 * 0). A tie counts as wrong. The dialogue before the question is read by teacher forcing under the arm.
 */
export async function rightAnswer(
  model: Model,
  { before: { system, exchanges }, question }: AskedQuestion,
  arm: Arm,
  now: Moment,
): Promise<Cost> {
  const user = questionText(question);
  const asked = [...exchanges, { user, assistant: LETTERS[0] }];
  let answer: ReadTurn | null = null;
  for await (const turn of readUnder(model, { system, exchanges: asked }, arm, now)) answer = turn;
  const { logits } = answer!; // the question is a turn
  const scores = LETTERS.map((letter) => logits[firstTokenOf(model, system, user, letter, now)]!);
  const best = Math.max(...scores);
  const likeliest = scores.flatMap((score, option) => (score === best ? [option] : []));
  const right = likeliest.length === 1 && likeliest[0] === question.answer;
  return { sum: right ? 1 : 0, count: 1 };
}

function questionText({ question, choices }: ChoiceQuestion): string {
  const options = choices.map((choice, index) => `${LETTERS[index]}. ${choice}`);
  return [question, ...options, 'Answer with the letter alone.'].join('\n');
}

/** Returns the token of a letter at the beginning of an answer. */
function firstTokenOf(model: Model, system: string, user: string, letter: string, now: Moment): number {
  const messages = [
    { role: 'system', content: system },
    { role: 'user', content: user },
  ] as const;
  return layoutAnswer(model.format!, messages, letter, { trustContent: false, now }).ids[0]!;
}

/** Reads a dialogue under an arm by teacher forcing, and yields each turn. */
async function* readUnder(
  model: Model,
  { system, exchanges }: Exchanges,
  arm: Arm,
  now: Moment,
): AsyncGenerator<ReadTurn, undefined> {
  // As in a study's dialogues, the prefix is computed first.
  const chat = openForcedChat(model, {
    ...arm.settings,
    system: arm.noSystem ? null : system,
    prefixFirst: true,
    now,
  });
  try {
    for (const [index, { user, assistant }] of exchanges.entries()) {
      yield await chat.read(messageUnder(arm, system, index + 1, user), assistant);
    }
  } finally {
    chat.dispose();
  }
}
