import { headGrid, type LogitAdjustments, type Model, type Session } from '../engine/index.js';
import { HoldfastError } from '../errors.js';
import { type ChatFormat, type Moment, type TemplateMessage, wordsAt } from '../text/index.js';
import { answerPrompt } from './answer.js';
import { Caches, silencedBy } from './caches.js';
import type { AnswerOptions } from './chat-options.js';
import { layoutPrompt, layoutWithoutSystem, type Prompt, type PromptMessage, pastLength } from './prompt.js';
import { remindedMessage } from './reminder.js';
import { assertTarget, cleansCache, type Settings } from './settings.js';
import { type PastTurn, type SteeredTurn, type Steering, steer } from './steering.js';
import { type AnswerStep, answerIds, type Turn } from './turn.js';

/** A dialogue that is given whole, and how its next message is generated. */
export interface GivenDialogue {
  /** Messages in any order that the template accepts. Each user message opens a turn. */
  readonly messages: readonly TemplateMessage[];
  /** `maxTokens` is reduced to what fits the context. */
  readonly settings: Settings;
  /** The date and time that the template writes. */
  readonly now: Moment;
}

/** A dialogue that is laid out, checked, and ready to be answered by the cache that prepared it. */
export interface PreparedDialogue {
  readonly settings: Settings;
  readonly prompt: Prompt;
  /** The prompt without its system message, for guidance; null without guidance. */
  readonly without: readonly number[] | null;
  /** Its messages, with the sampled tokens of the answers that the cache gave. */
  readonly messages: readonly PromptMessage[];
}

/** What a dialogue and a cache both begin with. */
export interface Shared {
  readonly messages: number;
  readonly tokens: number;
}

/** Options of an answer to a given dialogue. */
export type GivenOptions = Pick<AnswerOptions, 'signal' | 'observe' | 'watch'> & {
  readonly adjust?: LogitAdjustments | undefined;
};

/**
 * A cache that answers dialogues which are given whole, one after the other, as a server without sessions gets them. It
 * computes only the tokens after those that the new dialogue has in common with the last one.
 *
 * What is in the cache changes the time that an answer takes, not the answer. Tokens computed under other steering are
 * computed again. Under a schedule by turns, the tokens of an earlier turn are computed with the strength of that turn, as
 * they were if this cache answered it. There are three exceptions. Of its own answers a cache knows the sampled tokens,
 * where another one encodes their text. `sustain` and `target` schedules follow the shares of earlier answers, of which a
 * cache knows only its own. And a `per-token` schedule gives one strength to all tokens of a pass, and what is in the cache
 * decides which tokens these are.
 */
export class DialogueCache {
  readonly #caches: Caches;
  /** The dialogue in the cache, its last answer included. */
  #messages: readonly PromptMessage[] = [];
  #steering: string | null = null;
  /** Where each message of the last prompt ends, in tokens. */
  #ends: readonly number[] = [];
  /** The answers of this cache in this dialogue, and the numbers of messages before them. */
  #answers: readonly { readonly before: number; readonly turn: PastTurn }[] = [];

  /**
   * @throws HoldfastError `E_TEMPLATE` when the model has no chat template; `E_CONTEXT_FULL` for a context length that it
   * does not support; `E_EXECUTOR` if there is no memory for the cache
   */
  constructor(
    private readonly model: Model,
    contextLength?: number,
  ) {
    this.#caches = Caches.open(model.executor, contextLength);
  }

  /** The tokens and their cache. To continue other tokens in it, call {@link forget} first. */
  get session(): Session {
    return this.#caches.dialogue;
  }

  /** Returns how many leading messages of a dialogue are in the cache, computed under the same steering, and their tokens. */
  shared({ messages, settings }: Pick<GivenDialogue, 'messages' | 'settings'>): Shared {
    const shared = steeringKey(settings) === this.#steering ? this.#shared(messages) : 0;
    const end = shared === 0 ? 0 : (this.#ends[shared - 1] ?? this.session.length);
    return { messages: shared, tokens: Math.min(end, this.session.length) };
  }

  /** Treats the tokens in the cache as those of no dialogue, and drops the ones that a policy has changed. */
  forget(): void {
    this.#caches.keep({ dialogue: this.session.cleanLength, without: 0 });
    this.#messages = [];
    this.#steering = null;
    this.#answers = [];
  }

  /**
   * Lays out a dialogue. Nothing is computed yet.
   * @throws HoldfastError `E_TEMPLATE` when the template refuses the dialogue or omits the system message; `E_TARGET` when
   * the policy has no target; `E_CONTEXT_FULL` when no token of an answer fits; and what settings and layout throw
   */
  prepare({ messages: given, settings, now }: GivenDialogue): PreparedDialogue {
    const { contextLength } = this.session;
    const system = systemText(given);
    assertTarget(settings, system);
    const shared = this.#shared(given);
    const messages = given.map((message, index) => (index < shared ? this.#messages[index]! : message));
    const asking = given.findLastIndex(({ role }) => role === 'user');
    const read = messages.map((message, index) =>
      index === asking
        ? { ...message, content: remindedMessage(settings, system, message.content) }
        : message,
    );
    const options = { now, trustContent: false };
    const prompt = layoutPrompt(this.#format, read, options);
    const left = contextLength - prompt.ids.length;
    if (left < 1) {
      throw new HoldfastError(
        'E_CONTEXT_FULL',
        `a dialogue of ${prompt.ids.length} tokens leaves no room for an answer in a context of ${contextLength}`,
        { hint: 'Shorten the dialogue, or open the model with a longer context' },
      );
    }
    return {
      settings: { ...settings, maxTokens: Math.min(settings.maxTokens, left) },
      prompt,
      without: settings.guidance === 1 ? null : layoutWithoutSystem(this.#format, read, options),
      messages,
    };
  }

  /**
   * Answers a dialogue, token by token. It can be answered several times.
   * @returns a generator whose return value is the turn; null if the signal fires before the first token
   * @throws HoldfastError `E_UNTOUCHED`, at the end, if the executor did not apply the policy; what forward passes throw
   */
  async *answer(
    { settings, prompt, without, messages }: PreparedDialogue,
    { signal, observe, watch = [], adjust }: GivenOptions = {},
  ): AsyncGenerator<AnswerStep, Turn | null> {
    const shared = this.#shared(messages);
    const key = steeringKey(settings);
    const cleans = cleansCache(settings);
    const isClean = settings.policy === 'off' || cleans;
    const grid = headGrid(this.model.executor.blueprint);
    const silenced = silencedBy(settings, grid);
    if (key !== this.#steering) {
      this.#answers = [];
      this.#caches.keep({
        dialogue: isClean ? Number.POSITIVE_INFINITY : 0,
        // No policy acts on the second cache, but silenced heads do.
        without: without === null ? 0 : this.#caches.without.cleanLengthUnder(silenced.heads),
      });
    }
    const cleanLength = cleans ? pastLength(prompt) : 0;
    // The policy acts on the last message: its tokens are of no use if they were computed without one.
    if (cleans) this.#caches.keep({ dialogue: cleanLength, without: Number.POSITIVE_INFINITY });
    const answers = this.#answers.filter(({ before }) => before < shared);
    this.#messages = messages;
    this.#ends = prompt.messages.map(({ places }) => places.at(-1)?.end ?? 0);
    this.#steering = key;
    this.#answers = answers;
    const { recomputed } = this.#caches.reuse(prompt, settings.target, isClean ? silenced : null);
    const starts = turnStarts(prompt);
    const system = systemText(messages);
    const choosing = prompt.ids.length - 1;
    const first = Math.max(this.session.length, cleanLength);
    const steered = (turn: number): SteeredTurn => ({
      settings,
      grid,
      prompt,
      rows: { first, choosing, end: choosing + settings.maxTokens },
      turn,
      system,
      turns: answers.map((answer) => answer.turn),
    });
    const turn = yield* answerPrompt({
      session: this.session,
      tokenizer: this.#format.tokenizer,
      prompt,
      cuts: starts,
      cleanLength,
      steering: byTurn(steered, starts),
      guidance:
        without === null
          ? undefined
          : { session: this.#caches.without, prompt: without, scale: settings.guidance },
      adjust,
      signal,
      observe,
      watch,
      turn: {
        number: starts.length,
        system,
        user: messages.findLast(({ role }) => role === 'user')?.content ?? '',
        settings,
        cleaned: cleans ? { tokens: cleanLength, recomputed } : null,
        dropped: [],
      },
    });
    if (turn !== null) {
      this.#messages = [...messages, { role: 'assistant', content: turn.assistant, ids: answerIds(turn) }];
      const { shares, receipt } = turn;
      this.#answers = [...answers, { before: messages.length, turn: { system, settings, shares, receipt } }];
    }
    return turn;
  }

  dispose(): void {
    this.#caches.dispose();
  }

  get #format(): ChatFormat {
    const { format, name } = this.model;
    if (format === null) throw new HoldfastError('E_TEMPLATE', `${name} has no chat template`);
    return format;
  }

  #shared(messages: readonly TemplateMessage[]): number {
    const differs = messages.findIndex((message, index) => !isSame(message, this.#messages[index]));
    return differs === -1 ? messages.length : differs;
  }
}

/** Returns whether two messages are written alike. */
function isSame(a: TemplateMessage, b: TemplateMessage | undefined): boolean {
  if (a.role !== b?.role || a.content !== b.content) return false;
  const others = ({ toolCalls = [], toolCallId, name }: TemplateMessage): string =>
    JSON.stringify([toolCalls, toolCallId, name]);
  return others(a) === others(b);
}

/** The settings that keys and values in the cache depend on. */
const steeringKey = ({ policy, schedule, target, selection, cache, silence }: Settings): string =>
  JSON.stringify([policy, schedule, target, selection, cache, silence]);

/** Returns all system messages as one text; null if none has words. */
export function systemText(messages: readonly TemplateMessage[]): string | null {
  const system = messages.flatMap(({ role, content }) =>
    role === 'system' && content.trim() !== '' ? [content] : [],
  );
  return system.length === 0 ? null : system.join('\n\n');
}

/**
 * Returns the token at which each turn begins to be computed. A chat forwards an answer's last token, which ends its turn,
 * with the next message.
 */
function turnStarts({ messages }: Pick<Prompt, 'messages'>): readonly number[] {
  const users = messages.flatMap(({ role }, index) => (role === 'user' ? [index] : []));
  const starts = [0];
  for (const index of users.slice(1)) {
    const before = messages[index - 1]!;
    const place = before.places.at(-1);
    const spoken = before.role === 'assistant' && place !== undefined ? wordsAt(place).end : undefined;
    starts.push(Math.max(starts.at(-1)!, spoken ?? messages[index]!.places[0]?.start ?? 0));
  }
  return starts;
}

/** Returns the steering of the last turn, which steers tokens of earlier turns as these turns were. */
function byTurn(steered: (turn: number) => SteeredTurn, starts: readonly number[]): Steering {
  const last = steer(steered(starts.length));
  if (steered(1).settings.schedule?.kind !== 'per-turn') return last;
  const earlier = new Map<number, Steering>();
  const of = (turn: number): Steering => {
    const known = earlier.get(turn) ?? steer(steered(turn));
    earlier.set(turn, known);
    return known;
  };
  return {
    interventionAt(point) {
      const turn = starts.findLastIndex((start) => start <= point.start) + 1;
      return (turn === starts.length ? last : of(turn)).interventionAt(point);
    },
    get strength() {
      return last.strength;
    },
    live: last.live,
    measuring: last.measuring,
    measured: (row, shares) => last.measured(row, shares),
    get notice() {
      return last.notice;
    },
  };
}
