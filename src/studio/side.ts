import { parseTarget } from '../attention/index.js';
import {
  type AnswerStep,
  type Chat,
  openChat,
  policyChoice,
  type RowObservation,
  type SavedDialogue,
  saveDialogue,
  type Turn,
  tokensPerSecond,
} from '../dialogue/index.js';
import type { Model } from '../engine/index.js';
import { HoldfastError } from '../errors.js';
import type { Message } from '../text/index.js';
import type {
  AnswerEnd,
  AnswerEvent,
  AnswerRequest,
  Draw,
  PastTurn,
  SaveRequest,
  Steer,
} from './protocol.js';
import { promptWords, traceToken } from './token-trace.js';

/** The number of most probable tokens that a trace reports. */
const ALTERNATIVES = 8;

/**
 * One side of the studio. A request brings its whole dialogue. The side keeps a chat and its cache, and reads only the
 * turns that the chat does not have.
 */
export class Side {
  #chat: Chat | null = null;
  #strength: number | null = null;
  #busy = false;

  /** @param contextLength tokens that a dialogue may have; default: the model's */
  constructor(
    private readonly model: Model,
    private readonly contextLength?: number,
  ) {}

  /** Sets the strength from the next token on. */
  set strength(strength: number) {
    this.#strength = strength;
  }

  /** @throws HoldfastError `E_BUSY` while this side answers or saves; that goes on as it would have */
  answer(request: AnswerRequest, signal: AbortSignal): AsyncGenerator<AnswerEvent, void> {
    return this.#alone(this.#answer(request, signal));
  }

  /** Returns the dialogue as a file. @throws HoldfastError as {@link answer} */
  save(
    request: SaveRequest,
    library: string,
    signal: AbortSignal,
  ): AsyncGenerator<AnswerEvent, SavedDialogue | null> {
    return this.#alone(this.#save(request, library, signal));
  }

  async *#alone<Result>(work: AsyncGenerator<AnswerEvent, Result>): AsyncGenerator<AnswerEvent, Result> {
    if (this.#busy) throw new HoldfastError('E_BUSY', 'this side of the studio has an answer in progress');
    this.#busy = true;
    try {
      return yield* work;
    } finally {
      this.#busy = false;
    }
  }

  async *#answer(request: AnswerRequest, signal: AbortSignal): AsyncGenerator<AnswerEvent, void> {
    const { user, system, past, begin, steer, draw } = request;
    // A strength that is set while earlier turns are read is for this answer.
    this.#strength = steer.schedule?.kind === 'constant' ? steer.schedule.strength : null;
    const chat = yield* this.#chatWith(system, past, signal);
    if (chat === null) return yield { kind: 'end', end: null };
    configure(chat, steer, draw);
    const { format } = this.model;
    const words = promptWords(format!, chat.now, request);
    yield { kind: 'words', words: words.map(({ text }) => text) };
    const cut = new AbortController();
    let row: RowObservation | null = null;
    const answer = chat.answer(user, {
      seed: draw.seed,
      begin,
      strength: this.#strengths(request),
      signal: AbortSignal.any([signal, cut.signal]),
      observe: (seen) => {
        row = seen;
      },
      watch: [
        { kind: 'message' },
        ...words.map(({ start, end }) => ({ kind: 'range' as const, range: { start, end } })),
      ],
    });
    let count = 0;
    let next = await answer.next();
    for (; !next.done; next = await answer.next()) {
      yield {
        kind: 'token',
        token: traceToken(next.value, row!, past.length + 1, format!.tokenizer),
      };
      count++;
      if (request.measureOnly && count === begin.length) cut.abort();
    }
    yield { kind: 'end', end: next.value === null ? null : answerEnd(next.value, request) };
  }

  async *#save(
    { system, past, steer, draw }: SaveRequest,
    library: string,
    signal: AbortSignal,
  ): AsyncGenerator<AnswerEvent, SavedDialogue | null> {
    const chat = yield* this.#chatWith(system, past, signal);
    if (chat === null) return null;
    configure(chat, steer, draw);
    const saved = await saveDialogue(chat, library);
    const generated = past.filter(({ ids }) => ids !== null);
    // Answers that were read again were sampled once: the file records how.
    const turns = saved.turns.map((turn, index) => {
      const { begun, strengths } = generated[index]!;
      return { ...turn, begun, strengths: strengths === null ? null : [...strengths] };
    });
    return { ...saved, turns };
  }

  dispose(): void {
    this.#chat?.dispose();
    this.#chat = null;
  }

  #strengths({ steer, begin, strengths }: AnswerRequest): ((sampled: number) => number) | undefined {
    if (steer.policy === 'off' || (steer.schedule?.kind !== 'constant' && strengths === null))
      return undefined;
    return (sampled) =>
      (sampled < begin.length ? strengths?.[sampled] : undefined) ?? this.#strength ?? strengths!.at(-1)!;
  }

  /** Brings the chat to a dialogue: removes turns, and reads those that it lacks. Null if the signal fires. */
  async *#chatWith(
    system: string | null,
    past: readonly PastTurn[],
    signal: AbortSignal,
  ): AsyncGenerator<AnswerEvent, Chat | null> {
    const given = past.findIndex(({ ids }) => ids !== null);
    const history = messagesOf(past.slice(0, given === -1 ? past.length : given));
    const rest = past.slice(history.length / 2);
    const chat = this.#chatFor(rest.length === 0 ? system : rest[0]!.system, history);
    const differs = rest.findIndex((turn, index) => !isTurn(chat.turns[index], turn));
    const kept = differs === -1 ? rest.length : differs;
    while (chat.turns.length > kept) chat.undo();
    for (const [index, turn] of rest.entries()) {
      if (index < kept) continue;
      const number = history.length / 2 + index + 1;
      yield { kind: 'reading', turn: number, of: past.length };
      setSystem(chat, turn.system);
      configure(chat, turn.steer, turn.draw);
      if (!(await readAgain(chat, turn, signal))) return null;
      if (!isTurn(chat.turns.at(-1), turn)) {
        throw new HoldfastError(
          'E_DIALOGUE',
          `answer ${number} has tokens after one that ends it, or more than its limit`,
        );
      }
    }
    setSystem(chat, system);
    return chat;
  }

  /** Returns the chat if it began in the same way, or opens a new one. */
  #chatFor(system: string | null, history: readonly Message[]): Chat {
    const chat = this.#chat;
    const began = chat?.turns[0]?.system ?? chat?.system;
    const texts = chat?.history.flatMap(({ user, assistant }) => [user, assistant]) ?? [];
    const same =
      began === system &&
      texts.length === history.length &&
      history.every(({ content }, index) => content === texts[index]);
    if (same) return chat!;
    chat?.dispose();
    this.#chat = openChat(this.model, {
      ...{ system, history, onContextFull: 'drop-oldest' },
      ...(this.contextLength === undefined ? {} : { contextLength: this.contextLength }),
    });
    return this.#chat;
  }
}

const messagesOf = (turns: readonly PastTurn[]): Message[] =>
  turns.flatMap(({ user, assistant }) => [
    { role: 'user', content: user },
    { role: 'assistant', content: assistant },
  ]);

const isTurn = (turn: Turn | undefined, { system, user, ids }: PastTurn): boolean =>
  turn !== undefined && turn.system === system && turn.user === user && turn.ids.join() === ids!.join();

/** Gives a chat a system prompt. Only a new one costs anything: the dialogue is then computed again. */
function setSystem(chat: Chat, system: string | null): void {
  if (chat.system === system) return;
  chat.configure({ policy: 'off' }); // a policy may have no target with the new prompt
  chat.system = system;
}

/** Reads a turn that was answered before, token by token as it was. Returns false if the signal fires. */
async function readAgain(chat: Chat, turn: PastTurn, signal: AbortSignal): Promise<boolean> {
  const { user, ids, strengths, draw } = turn;
  const cut = new AbortController();
  let count = 0;
  const strength = strengths === null ? undefined : (at: number) => strengths[at] ?? strengths.at(-1)!;
  const both = AbortSignal.any([signal, cut.signal]);
  for await (const _ of chat.answer(user, {
    seed: draw.seed,
    begin: ids!,
    strength,
    signal: both,
  }) as AsyncIterable<AnswerStep>) {
    count++;
    if (count === ids!.length) cut.abort();
  }
  return !signal.aborted;
}

function configure(chat: Chat, { policy, schedule, target, pairs }: Steer, draw: Draw): void {
  const { temperature, topP, seed, maxTokens } = draw;
  chat.configure({
    ...policyChoice(policy, schedule),
    target: parseTarget(target),
    ...(pairs === null ? { layers: undefined, heads: undefined, pairs: undefined } : { pairs }),
    sampling: { temperature, topP, seed, topLogProbabilities: ALTERNATIVES },
    maxTokens,
  });
}

function answerEnd(
  turn: Turn,
  { steer, draw, begin, strengths: asked, measureOnly }: AnswerRequest,
): AnswerEnd {
  const { system, user, assistant, ids, finish, number, notice, receipt, dropped, timing, parts } = turn;
  return {
    turn: {
      ...{ system, user, assistant, ids, steer, draw },
      finish,
      begun: measureOnly ? 0 : begin.length,
      strengths: measureOnly ? asked : turn.strengths,
    },
    number,
    notice,
    prompt: parts.prompt?.mean ?? null,
    sink: parts.sink?.mean?.after ?? null,
    receipt,
    dropped,
    promptTokens: timing.promptTokens,
    reusedTokens: timing.reusedTokens,
    prefillMs: timing.prefillMs,
    tokensPerSecond: tokensPerSecond(turn),
  };
}
