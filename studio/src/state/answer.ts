import type {
  AnswerEnd,
  AnswerEvent,
  Failure,
  PastTurn,
  Steer,
  TokenComparison,
  TokenTrace,
} from '../../../src/studio/protocol.js';

/** One side's answer to a message. */
export interface Answer {
  readonly status: 'waiting' | 'reading' | 'streaming' | 'done' | 'failed';
  /** What is being read again, while it is. */
  readonly reading: { readonly turn: number; readonly of: number } | null;
  /** The prompt's words: the index of `TokenTrace.words`. */
  readonly words: readonly string[];
  readonly tokens: readonly TokenTrace[];
  readonly end: AnswerEnd | null;
  /** The turn of an answer that came from a file and has not been measured. */
  readonly given: PastTurn | null;
  readonly failure: Failure | null;
  /** What a hold changes at each token, once it was asked for. */
  readonly comparison: Comparison | null;
  /** Whether it is being computed. */
  readonly comparing: boolean;
}

/** What a hold changes in an answer, token by token. */
export interface Comparison {
  readonly steer: Steer;
  readonly tokens: readonly TokenComparison[];
}

export const EMPTY: Answer = {
  status: 'waiting',
  reading: null,
  words: [],
  tokens: [],
  end: null,
  given: null,
  failure: null,
  comparison: null,
  comparing: false,
};

/** Returns the answered turn; null if there is no answer. */
export function turnOf(answer: Answer | null): PastTurn | null {
  return answer?.end?.turn ?? answer?.given ?? null;
}

/** Returns an answer after an event. */
export function afterEvent(answer: Answer, event: AnswerEvent): Answer {
  switch (event.kind) {
    case 'reading':
      return { ...answer, status: 'reading', reading: { turn: event.turn, of: event.of } };
    case 'words':
      return { ...answer, status: 'streaming', reading: null, words: event.words };
    case 'token':
      return { ...answer, tokens: [...answer.tokens, event.token] };
    case 'end':
      return { ...answer, status: 'done', end: event.end };
  }
}
