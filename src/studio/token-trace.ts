import type { TokenRange } from '../attention/index.js';
import {
  type AnswerStep,
  layoutPrompt,
  type Prompt,
  type PromptMessage,
  type RowObservation,
  sharesAt,
} from '../dialogue/index.js';
import {
  type ChatFormat,
  createStreamDecoder,
  type Moment,
  type SpanRole,
  type Tokenizer,
} from '../text/index.js';
import { type Alternative, GROUPS, type Group, type PastTurn, type TokenTrace } from './protocol.js';

/** The most words whose shares are reported one by one. In a longer prompt, neighbours are reported together. */
const MOST_WORDS = 200;

/** A word of the system prompt and its tokens. */
export interface Word extends TokenRange {
  readonly text: string;
}

/** Returns the words of the system prompt in the dialogue that is about to be answered; empty without one. */
export function promptWords(
  format: ChatFormat,
  now: Moment,
  {
    system,
    past,
    user,
  }: { readonly system: string | null; readonly past: readonly PastTurn[]; readonly user: string },
): Word[] {
  if (system === null) return [];
  const messages = [...messagesOf(system, past), { role: 'user' as const, content: user }];
  const prompt = layoutPrompt(format, messages, { now, trustContent: false });
  return merged(wordsOf(prompt, format.tokenizer));
}

/** Returns the messages of a dialogue, answers with their tokens as sampled. */
export function messagesOf(system: string | null, past: readonly PastTurn[]): PromptMessage[] {
  return [
    ...(system === null ? [] : [{ role: 'system' as const, content: system }]),
    ...past.flatMap((turn) => [
      { role: 'user' as const, content: turn.user },
      {
        role: 'assistant' as const,
        content: turn.assistant,
        ...(turn.ids ? { ids: idsWithoutEnd(turn) } : {}),
      },
    ]),
  ];
}

const idsWithoutEnd = ({ ids, finish }: PastTurn): readonly number[] =>
  finish === 'stop' ? ids!.slice(0, -1) : ids!;

function wordsOf({ ids, messages }: Prompt, tokenizer: Tokenizer): Word[] {
  const words: Word[] = [];
  const ranges = messages[0]!.places.flatMap(({ content }) => content);
  const addToLast = (text: string, end: number): void => {
    const last = words.at(-1)!;
    words[words.length - 1] = { ...last, text: last.text + text, end };
  };
  for (const { start, end } of ranges) {
    const stream = createStreamDecoder(tokenizer);
    for (let at = start; at < end; at++) {
      const text = stream.push(ids[at]!);
      if (at === start || /^\s/.test(text)) words.push({ text, start: at, end: at + 1 });
      else addToLast(text, at + 1);
    }
    if (start < end) addToLast(stream.finish(), end);
  }
  return words;
}

/** Joins neighbours until there are at most {@link MOST_WORDS}. */
function merged(words: readonly Word[]): Word[] {
  const size = Math.ceil(words.length / MOST_WORDS);
  return Array.from({ length: Math.ceil(words.length / Math.max(1, size)) }, (_, index) => {
    const own = words.slice(index * size, (index + 1) * size);
    return { text: own.map(({ text }) => text).join(''), start: own[0]!.start, end: own.at(-1)!.end };
  });
}

/** Returns one token of an answer as the page shows it. @param row the row that chose it; the first target watched is the prompt */
export function traceToken(
  step: AnswerStep,
  row: RowObservation,
  turn: number,
  tokenizer: Tokenizer,
): TokenTrace {
  const { spans } = step.shares;
  const [prompt, ...words] = row.watched;
  const shares: Record<Group, number> = {
    prompt: 0,
    sink: 0,
    earlier: 0,
    message: 0,
    template: 0,
    answer: 0,
  };
  for (const span of spans) shares[groupOf(span.role, span.turn, turn)] += span.share;
  const heads = prompt ? sharesAt(row.shares.spans!, prompt) : null;
  const changed = heads?.before.some((share, pair) => share !== heads.after[pair]) ?? false;
  return {
    ...alternative(tokenizer, step.id, step.logProbability),
    text: step.text,
    alternatives: step.topLogProbabilities.map(({ id, logProbability }) =>
      alternative(tokenizer, id, logProbability),
    ),
    strength: step.strength,
    shares: GROUPS.map((group) => rounded(shares[group])),
    words: words.map((places) =>
      rounded((places ?? []).reduce((sum, place) => sum + spans[place]!.share, 0)),
    ),
    heads: heads ? Array.from(heads.after, rounded) : [],
    before: heads && changed ? Array.from(heads.before, rounded) : null,
  };
}

/** Returns the group of a span, as a token of a turn sees it. */
export function groupOf(role: SpanRole, spanTurn: number, turn: number): Group {
  if (role === 'sink' || role === 'template') return role;
  if (role === 'system') return 'prompt';
  if (spanTurn < turn) return 'earlier';
  return role === 'user' ? 'message' : 'answer';
}

/** Returns a token with its text and probability. */
export function alternative(tokenizer: Tokenizer, id: number, logProbability: number): Alternative {
  return { id, text: tokenizer.decode([id]), probability: rounded(Math.exp(logProbability)) };
}

/** Rounds a share or a probability to what a page can show: traces are stored and sent by the thousand. */
export const rounded = (value: number): number => Math.round(value * 1e5) / 1e5;
