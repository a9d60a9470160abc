import { HoldfastError } from '../errors.js';
import { type AnswerEvent, type Failure, failureOf } from '../studio/index.js';
import { toApiError } from './api-error.js';
import type { AppContext } from './respond.js';
import type { StudioWatch } from './studio.js';

/** Errors that the page acts on, or whose message has no paths, besides those that the API tells. */
const TOLD = ['E_HOLD', 'E_DISPOSED', 'E_ABORTED'];

/**
 * Returns what a server of the API notes of the studio's operations: the same as of other requests.
 * @param finished writes the log and counts the request
 */
export function studioWatch(finished: (c: AppContext) => void): StudioWatch {
  return {
    begun(c, asked) {
      c.set('streams', true);
      c.get('contents').request = asked;
    },
    reported(c, progress) {
      const event = progress as AnswerEvent | string;
      if (typeof event === 'string') return;
      const { answers } = c.get('contents');
      if (event.kind === 'token') answers[0] = (answers[0] ?? '') + event.token.text;
      if (event.kind === 'end' && event.end !== null) {
        const { promptTokens: prompt, reusedTokens: cached, turn } = event.end;
        c.set('tokens', { prompt, cached, answer: turn.ids?.length ?? 0 });
      }
    },
    failed(c, error): Failure {
      c.set('failure', error);
      if (error instanceof HoldfastError && TOLD.includes(error.code)) return failureOf(error);
      const { code, message } = toApiError(error);
      return { code: code ?? 'E_SERVER', message };
    },
    left: (c) => c.set('left', true),
    ended: finished,
  };
}
