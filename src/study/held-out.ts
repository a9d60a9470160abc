import type { HeldOutDialogue, HeldOutText } from '../material/index.js';

/** Says nothing that an answer could drift from. */
export const PLAIN_SYSTEM = 'You are a helpful assistant.';

/** Characters from which on a passage is long enough. */
const PASSAGE = 200;

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
