import type { Signal } from '@preact/signals';
import type { AnswerRequest, PastTurn } from '../../../src/studio/protocol.js';
import { failureIn } from '../engine/engine.js';
import { type Answer, afterEvent, cutOff, EMPTY } from './answer.js';
import { currentModel } from './current-model.js';
import { engine } from './engine.js';

/**
 * Runs an answer and shows its events. Returns whether it has ended with at least one token.
 * @param given the turn of an answer that is there already, and is only measured
 */
export async function runAnswer(
  shown: Signal<Answer | null>,
  request: AnswerRequest,
  signal: AbortSignal,
  given: PastTurn | null = null,
): Promise<boolean> {
  const { system, user, steer, draw, begin, strengths } = request;
  const asked = { system, user, steer, draw, begin, strengths };
  shown.value = { ...EMPTY, model: currentModel.value, asked, given };
  try {
    await engine.run('answer', request, {
      signal,
      report: (event) => {
        shown.value = afterEvent(shown.value!, event);
      },
    });
    return shown.value.end !== null;
  } catch (error) {
    if (signal.aborted) {
      shown.value = cutOff(shown.value);
      return false;
    }
    shown.value = { ...shown.value, status: 'failed', reading: null, failure: failureIn(error) };
    return false;
  }
}
