import { computed, effect } from '@preact/signals';
import { isLive } from './answer.js';
import { answering } from './answering.js';
import { engine } from './engine.js';
import { steer } from './settings.js';

/** The held answer in progress, once its engine has begun with it and if it takes other strengths; else null. */
const live = computed(() => {
  const answer = answering.value?.answers.held.value ?? null;
  const has = answer !== null && (answer.status === 'reading' || answer.status === 'streaming');
  return has && answer.asked !== null && isLive(answer.asked.steer) ? answer.asked.steer : null;
});

/** The strength for the next token of the answer in progress; null if none is, or it is answered under another policy. */
const wanted = computed<number | null>(() => {
  const { policy, schedule } = steer.value;
  return live.value?.policy === policy && schedule?.kind === 'constant' ? schedule.strength : null;
});

/** Whether a strength that is set now acts on the next token. */
export const actsNow = computed(() => wanted.value !== null);

/** The strength that the engine has; null if no answer is in progress. */
let told: number | null = null;
let isTelling = false;

effect(() => {
  const asked = live.value?.schedule ?? null;
  if (asked === null) told = null;
  else if (told === null && asked.kind === 'constant') told = asked.strength;
  if (wanted.value !== null) void tell();
});

/** Tells the engine the strength, one after another: of a slider that moves, it gets those that it can keep up with. */
async function tell(): Promise<void> {
  if (isTelling) return;
  isTelling = true;
  try {
    for (let next = wanted.peek(); next !== null && next !== told; next = wanted.peek()) {
      told = next;
      await engine.run('strength', { column: 'held', strength: next });
    }
  } catch {
    // An engine that is gone cannot answer either: the answer says so.
  } finally {
    isTelling = false;
  }
}
