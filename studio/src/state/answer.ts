import type {
  AnswerEnd,
  AnswerEvent,
  AnswerRequest,
  Failure,
  ModelCard,
  PastTurn,
  Steer,
  TokenComparison,
  TokenTrace,
} from '../../../src/studio/protocol.js';

/** What an answer's measures depend on: the vocabulary of its tokens, and the model's heads. */
export type AnswerModel = Pick<ModelCard, 'name' | 'layers' | 'heads' | 'meanLayers'>;

/** What an engine was asked, without the dialogue before it. */
export type Asked = Pick<AnswerRequest, 'system' | 'user' | 'steer' | 'draw' | 'begin' | 'strengths'>;

/** One side's answer to a message. */
export interface Answer {
  readonly status: 'waiting' | 'reading' | 'streaming' | 'done' | 'failed';
  /** The model that answered; null for an answer that was given as text. */
  readonly model: AnswerModel | null;
  /** Null for an answer that no engine was asked for. */
  readonly asked: Asked | null;
  /** What is being read again, while it is. */
  readonly reading: { readonly turn: number; readonly of: number } | null;
  /** The prompt's words: the index of `TokenTrace.words`. */
  readonly words: readonly string[];
  readonly tokens: readonly TokenTrace[];
  readonly end: AnswerEnd | null;
  /** The turn of an answer without an end: it came from a file and is not measured yet, or it was cut off. */
  readonly given: PastTurn | null;
  readonly failure: Failure | null;
  /** What a hold changes at each token, once it was asked for. */
  readonly comparison: Comparison | null;
  /** The hold whose comparison is wanted, while one is computed. */
  readonly comparing: Steer | null;
}

/** What a hold changes in an answer, token by token. */
export interface Comparison {
  readonly steer: Steer;
  readonly tokens: readonly TokenComparison[];
}

export const EMPTY: Answer = {
  status: 'waiting',
  model: null,
  asked: null,
  reading: null,
  words: [],
  tokens: [],
  end: null,
  given: null,
  failure: null,
  comparison: null,
  comparing: null,
};

/** Returns the answered turn; null if there is no answer. */
export function turnOf(answer: Answer | null): PastTurn | null {
  return answer?.end?.turn ?? answer?.given ?? null;
}

/** Returns whether an answer is not complete yet. */
export const isUnfinished = ({ status }: Answer): boolean => status !== 'done' && status !== 'failed';

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

/** Returns an answer whose engine is no longer heard: if it is unfinished, it has stopped, and keeps what was said so far. */
export function cutOff(answer: Answer): Answer {
  const still: Answer = { ...answer, reading: null, comparing: null };
  if (!isUnfinished(answer)) return still;
  // A file's answer is there in full, though it was measured only in part.
  if (answer.given !== null) return { ...still, status: 'done', words: [], tokens: [] };
  return { ...still, status: 'done', given: stoppedTurn(answer) };
}

/** Returns the turn of an answer that ended where it was; null before its first token. */
function stoppedTurn({ asked, tokens }: Answer): PastTurn | null {
  if (asked === null || tokens.length === 0) return null;
  const { system, user, steer, draw, begin, strengths } = asked;
  const ids = tokens.map(({ id }) => id);
  const set = tokens.flatMap(({ strength }) => strength ?? []);
  return {
    ...{ system, user, steer, draw, ids },
    assistant: tokens.map(({ text }) => text).join(''),
    begun: Math.min(begin.length, ids.length),
    strengths: (isLive(steer) || strengths !== null) && set.length === ids.length ? set : null,
    finish: 'abort',
  };
}

/** Returns whether the strength may change at every token of an answer, so that the answer records each. */
export const isLive = ({ schedule }: Steer): boolean => schedule?.kind === 'constant';
