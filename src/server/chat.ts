import {
  type AnswerStep,
  type DialogueCache,
  type GivenDialogue,
  type PreparedDialogue,
  systemText,
  type Turn,
} from '../dialogue/index.js';
import type { LogitAdjustments } from '../engine/index.js';
import { HoldfastError } from '../errors.js';
import type { Moment } from '../text/index.js';
import { adjustmentsOf, readSteering, samplingChanges, seedOf, settingsOf } from './answer-settings.js';
import { type Suits, savesMore } from './cache-pool.js';
import { createRowReader, type HoldReport, type HoldShares, WATCHED } from './hold-report.js';
import { lengthOf, readMessage } from './messages.js';
import { type ChatRequest, LIMITS } from './requests.js';
import type { ServedModel } from './served-model.js';
import { type ChosenLogprob, createLogprobWriter } from './token-logprobs.js';

/** A part of an answer to a chat. */
export type ChatEvent =
  | { readonly kind: 'begin'; readonly choice: number }
  | {
      readonly kind: 'piece';
      readonly choice: number;
      readonly text: string;
      readonly logprobs: readonly ChosenLogprob[];
      /** The strength and the shares in the row that chose the token; null unless they are asked for. */
      readonly hold: { readonly strength: number | null; readonly shares: HoldShares } | null;
    }
  | {
      readonly kind: 'end';
      readonly choice: number;
      readonly finish: 'stop' | 'length';
      readonly hold: HoldReport;
      readonly tokens: TokenCounts;
    };

/** Tokens of one answer. */
export interface TokenCounts {
  readonly prompt: number;
  /** Tokens of the prompt that were in the cache. */
  readonly cached: number;
  /** Sampled tokens. */
  readonly answer: number;
}

/** The dialogue of a request. */
export interface ChatRead {
  readonly dialogue: GivenDialogue;
  /** What the server does by default and leaves off in this request; null for nothing. */
  readonly notice: string | null;
}

/** The dialogue of a request, prepared by the cache that answers it. */
export interface PreparedChat extends Pick<ChatRead, 'notice'> {
  readonly prepared: PreparedDialogue;
  /** Stops the answers. */
  readonly signal: AbortSignal;
}

/**
 * Returns the dialogue of a request.
 * @throws ApiError and HoldfastError for values that are not possible
 */
export async function readChat(request: ChatRequest, served: ServedModel, now: Moment): Promise<ChatRead> {
  checkLength(request, served);
  const messages = request.messages.map(readMessage);
  const { changes, notice } = await readSteering(request.hold, served, systemText(messages) !== null);
  const settings = settingsOf(served, changes, samplingChanges(request, served, request.top_logprobs ?? 0));
  return { dialogue: { messages, settings, now }, notice };
}

/** Refuses a dialogue that cannot fit the context, before it costs the time to lay it out: a message has a token or more. */
function checkLength({ messages }: ChatRequest, { contextLength }: ServedModel): void {
  const length = messages.reduce((sum, message) => sum + lengthOf(message), 0);
  const tooMuch =
    messages.length > contextLength
      ? `${messages.length} messages`
      : length > LIMITS.charactersPerToken * contextLength
        ? `${length} characters`
        : null;
  if (tooMuch === null) return;
  throw new HoldfastError(
    'E_CONTEXT_FULL',
    `${tooMuch} are too many for a context of ${contextLength} tokens`,
  );
}

/**
 * Says how well a cache suits a dialogue. It is taken if it has a message of the user, and all messages but the last, which
 * is new or was edited, or most of its tokens are of use. Conversations that only begin alike do not take each other's.
 */
export const continuing =
  ({ messages, settings }: GivenDialogue): Suits =>
  (cache) => {
    const shared = cache.shared({ messages, settings });
    const hasUser = messages.slice(0, shared.messages).some(({ role }) => role === 'user');
    const hasAllButLast = shared.messages === messages.length - 1;
    return { tokens: shared.tokens, takes: hasUser && (hasAllButLast || savesMore(shared.tokens, cache)) };
  };

/**
 * Answers a prepared dialogue once for every choice that the request asks for, with successive seeds.
 * @throws HoldfastError immediately: `E_SAMPLING` for a bias of a token that the model does not have; while running: what
 * answers throw, and `E_ABORTED` when the signal fires
 */
export function answerChat(
  request: ChatRequest,
  served: ServedModel,
  cache: DialogueCache,
  chat: PreparedChat,
): AsyncGenerator<ChatEvent, void> {
  return answers(request, served, cache, chat, adjustmentsOf(request, served));
}

async function* answers(
  request: ChatRequest,
  { model, format }: ServedModel,
  cache: DialogueCache,
  { prepared, notice, signal }: PreparedChat,
  adjust: LogitAdjustments | undefined,
): AsyncGenerator<ChatEvent, void> {
  const streamsHold = request.stream === true && request.hold?.stream === true;
  for (let choice = 0; choice < (request.n ?? 1); choice++) {
    yield { kind: 'begin', choice };
    const logprobs = request.logprobs === true ? createLogprobWriter(format.tokenizer) : null;
    const rows = createRowReader(model);
    let shares: HoldShares | null = null;
    const answer = cache.answer(withSeed(prepared, choice), {
      signal,
      watch: WATCHED,
      observe: (row) => {
        shares = rows.add(row);
      },
      adjust,
    });
    const piece = (text: string, tokens: readonly ChosenLogprob[], step: AnswerStep | null): ChatEvent => ({
      ...{ kind: 'piece', choice, text, logprobs: tokens },
      hold: streamsHold && step !== null ? { strength: step.strength, shares: shares! } : null,
    });
    let next = await answer.next();
    for (; !next.done; next = await answer.next()) {
      const step = next.value;
      const tokens = logprobs?.write(step, step.text) ?? [];
      if (step.text !== '' || tokens.length > 0 || streamsHold) yield piece(step.text, tokens, step);
    }
    const turn = next.value;
    if (turn === null || turn.finish === 'abort') throw stopped();
    const rest = logprobs?.rest() ?? [];
    if (rest.length > 0) yield piece('', rest, null);
    yield {
      kind: 'end',
      choice,
      finish: turn.finish === 'length' ? 'length' : 'stop',
      hold: rows.report(turn, notice),
      tokens: countsOf(turn),
    };
  }
}

const stopped = (): HoldfastError => new HoldfastError('E_ABORTED', 'the answer was stopped');

function countsOf({ ids, timing }: Turn): TokenCounts {
  return { prompt: timing.promptTokens, cached: timing.reusedTokens, answer: ids.length };
}

function withSeed(prepared: PreparedDialogue, choice: number): PreparedDialogue {
  const { settings } = prepared;
  const seed = seedOf(settings.sampling.seed, choice);
  return { ...prepared, settings: { ...settings, sampling: { ...settings.sampling, seed } } };
}
