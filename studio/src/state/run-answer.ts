import type { Signal } from '@preact/signals';
import type { AnswerRequest } from '../../../src/studio/protocol.js';
import { EngineError } from '../engine/engine.js';
import { type Answer, afterEvent, EMPTY } from './answer.js';
import { engine } from './engine.js';

/** Runs an answer and shows its events. Returns whether it has ended with at least one token. */
export async function runAnswer(
  shown: Signal<Answer | null>,
  request: AnswerRequest,
  signal: AbortSignal,
): Promise<boolean> {
  shown.value = EMPTY;
  try {
    await engine.run('answer', request, {
      signal,
      report: (event) => {
        shown.value = afterEvent(shown.value!, event);
      },
    });
    return shown.value.end !== null;
  } catch (error) {
    const { code, message } =
      error instanceof EngineError ? error : { code: 'E_BUG', message: String(error) };
    shown.value = { ...shown.value, status: 'failed', reading: null, failure: { code, message } };
    return false;
  }
}
