import { effect } from '@preact/signals';
import type { Steer } from '../../../src/studio/protocol.js';
import { turnOf } from './answer.js';
import { isAnswering } from './answering.js';
import { pastOf, rounds } from './dialogue.js';
import { engine } from './engine.js';
import { message, wordsOf } from './message.js';
import { pinned, type TokenPlace } from './selection.js';
import { steer } from './settings.js';

/** Whether a policy can be compared with the untouched model by reading an answer: it needs a strength to read it with. */
export const isComparable = ({ policy }: Steer): boolean => policy !== 'off' && policy !== 'sustain';

/** Asks what a hold changes in an answer. */
export async function compare(
  { round: index, column }: Pick<TokenPlace, 'round' | 'column'>,
  under: Steer,
): Promise<void> {
  const of = rounds.value;
  const shown = of[index]?.answers[column];
  const turn = turnOf(shown?.value ?? null);
  if (shown === undefined || turn === null || shown.value!.comparing || !isComparable(under)) return;
  shown.value = { ...shown.value!, comparing: true };
  try {
    const tokens = await engine.run('compare', {
      ...{ system: turn.system, user: turn.user, assistant: turn.assistant },
      past: pastOf(column, of, index),
      steer: under,
    });
    shown.value = { ...shown.value!, comparing: false, comparison: { steer: under, tokens } };
  } catch (error) {
    shown.value = { ...shown.value!, comparing: false };
    message.value = `The comparison failed: ${wordsOf(error)}`;
  }
}

let recompare: ReturnType<typeof setTimeout> | undefined;
/** Compares the chosen answer again when the hold changes, if it was compared before: what would change now. */
effect(() => {
  const under = steer.value;
  const place = pinned.peek();
  const answer = place === null ? null : rounds.peek()[place.round]?.answers[place.column].peek();
  clearTimeout(recompare);
  if (place === null || !answer?.comparison || isAnswering.peek()) return;
  recompare = setTimeout(() => void compare(place, under), 250);
});
