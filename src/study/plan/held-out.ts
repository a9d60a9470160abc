import { HoldfastError } from '../../errors.js';
import type { ChoiceQuestion, HeldOutDialogue, HeldOutText } from '../../material/index.js';

/** A system prompt without instructions, so that no answer can drift from it. */
export const PLAIN_SYSTEM = 'You are a helpful assistant.';

/** Minimum length of a passage in characters: a sentence or two, so that even a short text has several turns. */
const PASSAGE = 80;

/**
 * Turns a text into a dialogue in which the user asks for it passage by passage. A schedule that depends on the turn
 * then acts on it as on any dialogue.
 */
export function textDialogue({ id, text }: HeldOutText): HeldOutDialogue {
  const exchanges = passagesOf(text).map((assistant, index) => ({
    user: index === 0 ? 'Please write a text.' : 'Please go on.',
    assistant,
  }));
  return { id, system: PLAIN_SYSTEM, exchanges };
}

/**
 * Returns dialogues of some rounds under one system prompt, from the exchanges of held-out dialogues in their order. No
 * exchange occurs twice, so there may be fewer dialogues than asked for.
 */
export function underPrompt(
  system: string,
  dialogues: readonly HeldOutDialogue[],
  rounds: number,
  count: number,
): HeldOutDialogue[] {
  const exchanges = dialogues.flatMap((dialogue) => dialogue.exchanges);
  const most = Math.min(count, Math.floor(exchanges.length / rounds));
  return Array.from({ length: most }, (_, at) => ({
    id: `own-${at}`,
    system,
    exchanges: exchanges.slice(at * rounds, (at + 1) * rounds),
  }));
}

/** A question, and the dialogue before it. */
export interface AskedQuestion {
  readonly before: HeldOutDialogue;
  readonly question: ChoiceQuestion;
}

/** Exchanges before a question: enough for a per-turn schedule, or a repetition every fourth turn, to act. */
export const EXCHANGES_BEFORE = 4;

/**
 * Puts questions after the first exchanges of a dialogue, the first that is long enough. In the first turn they would
 * not show the cost of an arm that acts from the second turn on.
 * @throws HoldfastError `E_MATERIAL` when no dialogue is long enough
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
      `no held-out dialogue has the ${EXCHANGES_BEFORE} exchanges that precede a question`,
      { hint: 'Add a longer dialogue to dialogues.yaml, or do not measure choice' },
    );
  }
  const before = { ...long, exchanges: long.exchanges.slice(0, EXCHANGES_BEFORE) };
  return questions.map((question) => ({ before, question }));
}

/** Splits a text into passages of whole sentences, each but the last at least {@link PASSAGE} characters long. */
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
