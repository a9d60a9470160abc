import { HoldfastError } from '../../errors.js';
import type { ChoiceQuestion, HeldOutDialogue, HeldOutText } from '../../material/index.js';

/** Says nothing that an answer could drift from. */
export const PLAIN_SYSTEM = 'You are a helpful assistant.';

/** Characters from which on a passage is long enough: a sentence or two, so that even a short text has some turns. */
const PASSAGE = 80;

/**
 * A text as a dialogue in which it is asked for passage by passage, so that strengths which grow from turn to turn act
 * on it as they do on any dialogue.
 */
export function textDialogue({ id, text }: HeldOutText): HeldOutDialogue {
  const exchanges = passagesOf(text).map((assistant, index) => ({
    user: index === 0 ? 'Please write a text.' : 'Please go on.',
    assistant,
  }));
  return { id, system: PLAIN_SYSTEM, exchanges };
}

/** A question, and what was said before it. */
export interface AskedQuestion {
  readonly before: HeldOutDialogue;
  readonly question: ChoiceQuestion;
}

/** Exchanges before a question: a schedule by turns has grown behind them, and what is repeated every fourth turn was. */
export const EXCHANGES_BEFORE = 4;

/**
 * Questions behind the first exchanges of a dialogue, the first that has enough: asked at once, they would not show what
 * an arm costs that acts from the second turn on.
 * @throws HoldfastError `E_MATERIAL` when none has
 */
export function askedBehind(
  dialogues: readonly HeldOutDialogue[],
  questions: readonly ChoiceQuestion[],
): AskedQuestion[] {
  if (questions.length === 0) return [];
  const long = dialogues.find(({ exchanges }) => exchanges.length >= EXCHANGES_BEFORE);
  if (long === undefined) {
    throw new HoldfastError(
      'E_MATERIAL',
      `questions are asked behind ${EXCHANGES_BEFORE} exchanges, and no held-out dialogue has as many`,
      { hint: 'Put a longer one into dialogues.yaml, or measure no choice' },
    );
  }
  const before = { ...long, exchanges: long.exchanges.slice(0, EXCHANGES_BEFORE) };
  return questions.map((question) => ({ before, question }));
}

/** Whole sentences, together at least as long as a passage is; what is left belongs to the last. */
function passagesOf(text: string): string[] {
  const sentences = text.trim().split(/(?<=[.!?…。！？]["”’»)]*)\s+/u);
  const passages: string[] = [];
  for (const sentence of sentences) {
    const last = passages.at(-1);
    if (last === undefined || last.length >= PASSAGE) passages.push(sentence);
    else passages[passages.length - 1] = `${last} ${sentence}`;
  }
  return passages;
}
