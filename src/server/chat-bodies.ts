import type { Moment } from '../text/index.js';
import type { ChatEvent, TokenCounts } from './chat.js';
import type { HoldReport } from './hold-report.js';
import { newId } from './new-id.js';
import type { SamplingRequest } from './requests.js';
import type { ServedModel } from './served-model.js';
import type { ChosenLogprob } from './token-logprobs.js';

/** What a response says about itself, the same in all its chunks. */
export interface ResponseHead {
  readonly id: string;
  readonly created: number;
  readonly model: string;
  readonly system_fingerprint: string;
}

/**
 * @param prefix of the response's name: `chatcmpl` or `cmpl`
 * @param now when the request came
 */
export function responseHead(prefix: string, { id, fingerprint }: ServedModel, now: Moment): ResponseHead {
  return {
    id: newId(`${prefix}-`),
    created: Math.floor(Date.parse(now) / 1000),
    model: id,
    system_fingerprint: fingerprint,
  };
}

/**
 * Returns the counts of all answers to a request. Each prompt counts once, with what its first answer found in the cache.
 * @param times answers to each prompt
 */
export function usageOf(answers: readonly TokenCounts[], times: number) {
  const sum = (counts: readonly number[]): number => counts.reduce((a, b) => a + b, 0);
  const firsts = answers.filter((_, index) => index % times === 0);
  const prompt = sum(firsts.map((counts) => counts.prompt));
  const completion = sum(answers.map(({ answer }) => answer));
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: { cached_tokens: sum(firsts.map(({ cached }) => cached)) },
  };
}

/** What a response contains besides the text. */
export interface BodyOptions {
  readonly logprobs: boolean;
  /** Whether a stream ends with the counts of tokens. */
  readonly usage: boolean;
  /** Answers to each prompt. */
  readonly times: number;
}

/** Returns what the response to a request contains. */
export const bodyOptions = (request: SamplingRequest, logprobs: boolean): BodyOptions => ({
  logprobs,
  usage: request.stream_options?.include_usage === true,
  times: request.n ?? 1,
});

interface Choice {
  readonly index: number;
  readonly message: { readonly role: 'assistant'; content: string; readonly refusal: null };
  readonly logprobs: { readonly content: ChosenLogprob[]; readonly refusal: null } | null;
  finish_reason: 'stop' | 'length' | null;
}

/** Collects the events of a request into one response. */
export async function chatBody(
  head: ResponseHead,
  events: AsyncIterable<ChatEvent>,
  { logprobs, times }: BodyOptions,
) {
  const choices: Choice[] = [];
  const counts: TokenCounts[] = [];
  let hold: HoldReport | null = null;
  for await (const event of events) {
    if (event.kind === 'begin') {
      choices.push({
        index: event.choice,
        message: { role: 'assistant', content: '', refusal: null },
        logprobs: logprobs ? { content: [], refusal: null } : null,
        finish_reason: null,
      });
      continue;
    }
    const choice = choices[event.choice]!;
    if (event.kind === 'piece') {
      choice.message.content += event.text;
      choice.logprobs?.content.push(...event.logprobs);
    } else {
      choice.finish_reason = event.finish;
      counts.push(event.tokens);
      hold ??= event.hold;
    }
  }
  return { ...head, object: 'chat.completion' as const, choices, usage: usageOf(counts, times), hold };
}

/** Returns the chunks of a streamed response as JSON, without the `[DONE]` after them. */
export async function* chatChunks(
  head: ResponseHead,
  events: AsyncIterable<ChatEvent>,
  { logprobs, usage, times }: BodyOptions,
): AsyncGenerator<string, void> {
  const counts: TokenCounts[] = [];
  const base = { ...head, object: 'chat.completion.chunk' as const };
  const chunk = (
    index: number,
    delta: object,
    tokens: readonly ChosenLogprob[],
    finish: string | null,
    hold: object | null,
  ): string =>
    JSON.stringify({
      ...base,
      choices: [
        {
          index,
          delta,
          logprobs: logprobs && tokens.length > 0 ? { content: tokens, refusal: null } : null,
          finish_reason: finish,
        },
      ],
      ...(usage ? { usage: null } : {}),
      ...(hold === null ? {} : { hold }),
    });
  for await (const event of events) {
    const { choice } = event;
    if (event.kind === 'begin') {
      yield chunk(choice, { role: 'assistant', content: '', refusal: null }, [], null, null);
    } else if (event.kind === 'piece') {
      yield chunk(choice, { content: event.text }, event.logprobs, null, event.hold);
    } else {
      counts.push(event.tokens);
      yield chunk(choice, {}, [], event.finish, event.hold);
    }
  }
  if (usage) yield JSON.stringify({ ...base, choices: [], usage: usageOf(counts, times) });
}
