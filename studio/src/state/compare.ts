import { effect } from '@preact/signals';
import { messageOf } from '../../../src/errors.js';
import type { Steer } from '../../../src/studio/protocol.js';
import { announce } from './announce.js';
import { turnOf } from './answer.js';
import { isAnswering } from './answering.js';
import { isForeign } from './current-model.js';
import { pastOf, rounds } from './dialogue.js';
import { engine } from './engine.js';
import { fail } from './message.js';
import { pinned, type TokenPlace } from './selection.js';
import { steer } from './settings.js';

/** Whether a policy can be compared with the untouched model by reading an answer: it needs a strength to read it with. */
export const isComparable = ({ policy }: Steer): boolean => policy !== 'off' && policy !== 'sustain';

/** Asks what a hold changes in an answer. While it is computed, another hold may be asked for: that comes next. */
export async function compare(
  { round: index, column }: Pick<TokenPlace, 'round' | 'column'>,
  under: Steer,
): Promise<void> {
  const of = rounds.value;
  const shown = of[index]?.answers[column];
  const answer = shown?.value ?? null;
  const turn = turnOf(answer);
  if (shown === undefined || answer === null || turn === null) return;
  if (!isComparable(under) || isForeign(answer)) return;
  shown.value = { ...answer, comparing: under };
  if (answer.comparing !== null) return;
  const { system, user, assistant } = turn;
  const past = pastOf(column, of, index);
  const wanted = (): Steer | null => shown.value!.comparing;
  try {
    for (let current: Steer | null = under; current !== null; ) {
      const tokens = await engine.run('compare', { system, user, assistant, past, steer: current });
      const next: Steer | null = wanted() === current ? null : wanted();
      shown.value = { ...shown.value!, comparing: next, comparison: { steer: current, tokens } };
      current = next;
    }
    if (answer.comparison === null) announce('The comparison is ready.');
  } catch (error) {
    shown.value = { ...shown.value!, comparing: null };
    fail(`The comparison failed: ${messageOf(error)}`);
  }
}

/** How long the hold must stay as it is before it is compared. */
const PAUSE_MS = 250;
let timer: ReturnType<typeof setTimeout> | undefined;
/** The hold that was current when the comparison followed last. */
let followed = steer.peek();

/** Compares the chosen answer again when the hold changes, if it was compared before: what would change now. */
effect(() => {
  const under = steer.value;
  const isBusy = isAnswering.value;
  clearTimeout(timer);
  if (isBusy || under === followed) return;
  timer = setTimeout(() => {
    followed = under;
    const place = pinned.peek();
    const answer = place === null ? null : rounds.peek()[place.round]?.answers[place.column].peek();
    if (place !== null && (answer?.comparison || answer?.comparing)) void compare(place, under);
  }, PAUSE_MS);
});
