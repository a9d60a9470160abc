import type { DialogueCache, Settings } from '../dialogue/index.js';
import { type GenerationOptions, generate } from '../engine/index.js';
import { HoldfastError } from '../errors.js';
import { adjustmentsOf, samplingChanges, seedOf, settingsOf } from './answer-settings.js';
import { ApiError } from './api-error.js';
import { type Suits, savesMore } from './cache-pool.js';
import type { TokenCounts } from './chat.js';
import { type BodyOptions, type ResponseHead, usageOf } from './chat-bodies.js';
import { type CompletionRequest, LIMITS } from './requests.js';
import type { ServedModel } from './served-model.js';
import { createTextLogprobs, type TextLogprobs } from './text-logprobs.js';
import { type ChosenLogprob, createLogprobWriter } from './token-logprobs.js';

/** A part of the continuations of a request's prompts. */
export type CompletionEvent =
  | {
      readonly kind: 'piece';
      readonly choice: number;
      readonly text: string;
      readonly logprobs: readonly ChosenLogprob[];
    }
  | {
      readonly kind: 'end';
      readonly choice: number;
      readonly finish: 'stop' | 'length';
      readonly tokens: TokenCounts;
    };

/** The API's limit where a request has none. */
const USUAL_TOKENS = 16;

/**
 * Returns the tokens of a request's prompts. Control tokens in a text are recognised, and the model's first token is put in
 * front of it if the model was trained with one: whoever continues a text writes the template.
 * @throws ApiError and HoldfastError for prompts that are not possible
 */
export function readPrompts(
  { prompt }: CompletionRequest,
  { model, format, contextLength }: ServedModel,
): readonly (readonly number[])[] {
  const { tokenizer } = format;
  const { bos, addsBos } = tokenizer;
  const { vocabSize } = model.executor.blueprint;
  const prompts = promptsOf(prompt);
  const length = prompts.reduce((sum, each) => sum + (typeof each === 'string' ? each.length : 0), 0);
  if (length > LIMITS.charactersPerToken * contextLength) {
    throw tooLong(`${length} characters`, contextLength);
  }
  return prompts.map((each) => {
    if (typeof each !== 'string') return fitting(each, contextLength, vocabSize);
    const ids = tokenizer.encode(each, { special: true });
    return fitting(addsBos && ids[0] !== bos!.id ? [bos!.id, ...ids] : ids, contextLength, vocabSize);
  });
}

/** Returns the prompts of a request: one text, one list of tokens, or several of either kind. */
function promptsOf(prompt: CompletionRequest['prompt']): readonly (string | readonly number[])[] {
  if (typeof prompt === 'string') return [prompt];
  return typeof prompt[0] === 'number' ? [prompt as number[]] : (prompt as string[] | number[][]);
}

/** Checks that a prompt has tokens, that the model knows them, and that they leave room for another. */
function fitting(ids: readonly number[], contextLength: number, vocabSize: number): readonly number[] {
  if (ids.length === 0) throw new ApiError(400, 'a prompt needs at least one token', { param: 'prompt' });
  const unknown = ids.find((id) => id >= vocabSize);
  if (unknown !== undefined) {
    throw new ApiError(400, `token ${unknown} does not exist: ids are 0 to ${vocabSize - 1}`, {
      param: 'prompt',
    });
  }
  if (ids.length < contextLength) return ids;
  throw tooLong(`${ids.length} tokens`, contextLength);
}

const tooLong = (length: string, contextLength: number): ApiError =>
  new ApiError(400, `${length} are too many for a context of ${contextLength} tokens`, {
    param: 'prompt',
    code: 'context_length_exceeded',
  });

/** Says how well a cache suits a prompt: by the tokens that both begin with. */
export const beginning =
  ([ids = []]: readonly (readonly number[])[]): Suits =>
  (cache) => {
    const { tokens } = cache.session;
    const differs = tokens.findIndex((id, index) => ids[index] !== id);
    const common = differs === -1 ? tokens.length : differs;
    return { tokens: common, takes: savesMore(common, cache) };
  };

/**
 * Continues every prompt of a request as often as it asks for, with successive seeds.
 * @throws HoldfastError immediately: `E_SAMPLING` for options that are not possible; while running: what generation throws,
 * and `E_ABORTED` when the signal fires
 */
export function complete(
  request: CompletionRequest,
  served: ServedModel,
  cache: DialogueCache,
  prompts: readonly (readonly number[])[],
  signal: AbortSignal,
): AsyncGenerator<CompletionEvent, void> {
  const { sampling, stop } = settingsOf(served, samplingChanges(request, served, request.logprobs ?? 0));
  const adjust = adjustmentsOf(request, served);
  return continuations(request, served, cache, prompts, { sampling, stop, signal, adjust });
}

async function* continuations(
  request: CompletionRequest,
  served: ServedModel,
  cache: DialogueCache,
  prompts: readonly (readonly number[])[],
  {
    sampling,
    ...options
  }: Pick<GenerationOptions, 'stop' | 'signal' | 'adjust'> & Pick<Settings, 'sampling'>,
): AsyncGenerator<CompletionEvent, void> {
  const { tokenizer } = served.format;
  const { session } = cache;
  cache.forget();
  const times = request.n ?? 1;
  for (let choice = 0; choice < prompts.length * times; choice++) {
    const ids = prompts[Math.floor(choice / times)]!;
    const left = served.contextLength - ids.length;
    const asked = request.max_tokens ?? USUAL_TOKENS;
    const writer = request.logprobs == null ? null : createLogprobWriter(tokenizer);
    const generation = generate(session, ids, {
      tokenizer,
      sampling: { ...sampling, seed: seedOf(sampling.seed, choice) },
      maxTokens: Math.min(asked, left),
      ...options,
    });
    let answer = 0;
    let next = await generation.next();
    for (; !next.done; next = await generation.next()) {
      answer++;
      const { text } = next.value;
      const logprobs = writer?.write(next.value, text) ?? [];
      if (text !== '' || logprobs.length > 0) yield { kind: 'piece', choice, text, logprobs };
    }
    const { finish, timing } = next.value;
    if (finish === 'abort') throw new HoldfastError('E_ABORTED', 'the answer was stopped');
    const rest = writer?.rest() ?? [];
    if (rest.length > 0) yield { kind: 'piece', choice, text: '', logprobs: rest };
    yield {
      kind: 'end',
      choice,
      finish: finish === 'length' ? 'length' : 'stop',
      tokens: { prompt: timing.promptTokens, cached: timing.reusedTokens, answer },
    };
  }
}

/** Collects the events of a request into one response. */
export async function completionBody(
  head: ResponseHead,
  events: AsyncIterable<CompletionEvent>,
  { logprobs, times }: BodyOptions,
) {
  const texts: string[] = [];
  const tokens: ChosenLogprob[][] = [];
  const ends: ('stop' | 'length')[] = [];
  const counts: TokenCounts[] = [];
  for await (const event of events) {
    const { choice } = event;
    texts[choice] ??= '';
    tokens[choice] ??= [];
    if (event.kind === 'piece') {
      texts[choice] += event.text;
      tokens[choice].push(...event.logprobs);
    } else {
      ends[choice] = event.finish;
      counts.push(event.tokens);
    }
  }
  const choices = texts.map((text, index) => ({
    index,
    text,
    logprobs: logprobs ? createTextLogprobs()(tokens[index]!) : null,
    finish_reason: ends[index]!,
  }));
  return { ...head, object: 'text_completion' as const, choices, usage: usageOf(counts, times) };
}

/** Returns the chunks of a streamed response as JSON, without the `[DONE]` after them. */
export async function* completionChunks(
  head: ResponseHead,
  events: AsyncIterable<CompletionEvent>,
  { logprobs, usage, times }: BodyOptions,
): AsyncGenerator<string, void> {
  const counts: TokenCounts[] = [];
  const written: ReturnType<typeof createTextLogprobs>[] = [];
  const base = { ...head, object: 'text_completion' as const };
  const chunk = (index: number, text: string, own: TextLogprobs | null, finish: string | null): string =>
    JSON.stringify({
      ...base,
      choices: [{ index, text, logprobs: own, finish_reason: finish }],
      ...(usage ? { usage: null } : {}),
    });
  for await (const event of events) {
    const { choice } = event;
    if (event.kind === 'piece') {
      written[choice] ??= createTextLogprobs();
      yield chunk(choice, event.text, logprobs ? written[choice](event.logprobs) : null, null);
    } else {
      counts.push(event.tokens);
      yield chunk(choice, '', null, event.finish);
    }
  }
  if (usage) yield JSON.stringify({ ...base, choices: [], usage: usageOf(counts, times) });
}
