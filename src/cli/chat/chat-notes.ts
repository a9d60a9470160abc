import type { Chat, ContextUse, FullContext, Turn } from '../../dialogue/index.js';
import type { Session } from '../../engine/index.js';
import { durationText } from '../../report/index.js';
import { tokensText } from '../terminal/index.js';
import type { Side } from './sides.js';

/** The lines with which a chat answers `/context` and `/stats`, and the ways out of a full context. */

/** Returns a function that says how far a prompt is read in one of the sessions; null while tokens are written. */
export function readingText(
  sessions: readonly Pick<Session, 'progress'>[],
  now: () => number = () => performance.now(),
): () => string | null {
  const startMs = now();
  return () => {
    const running = sessions.map(({ progress }) => progress).find((progress) => progress !== null);
    if (running === undefined || running.total === 1) return null;
    return `reading ${tokensText(running.done, running.total, now() - startMs)}`;
  };
}

/** Returns how full the context is, and what fits into the rest. */
export function contextLines({
  contextLength,
  prompt,
  turns,
  dropped,
  maxTokens,
  room,
}: ContextUse): string[] {
  const used = prompt + turns;
  return [
    `${used} of ${contextLength} tokens are taken (${Math.round((100 * used) / contextLength)} %): ${prompt} by the system prompt, ${turns} by the turns${dropped === 0 ? '' : ` that are left; ${dropped} were dropped`}`,
    room < 1
      ? `no message fits beside an answer of up to ${maxTokens} tokens (max-tokens)`
      : `beside an answer of up to ${maxTokens} tokens (max-tokens), the next message may have ${room}`,
  ];
}

/** Returns what can be done about a full context, best first: only what makes room for this message. */
export function waysOut(
  { model, session: { contextLength }, system, turns }: WaysOutOf,
  { promptTokens, maxTokens, messageRoom }: FullContext['excess'],
): string {
  const longest = model.executor.blueprint.contextLength;
  const ways = [
    ...(messageRoom === null
      ? fewerTurns(turns.length)
      : messageRoom > 0
        ? [`Shorten the message to ${messageRoom} tokens`]
        : roomForMessage(system, messageRoom + maxTokens, promptTokens >= contextLength)),
    ...(promptTokens < contextLength
      ? [
          `/set max-tokens ${contextLength - promptTokens} shortens the answer to what fits (from the start: --max-tokens)`,
        ]
      : []),
    ...(promptTokens + maxTokens <= longest && contextLength < longest
      ? [`a new chat can have a longer context: --context ${promptTokens + maxTokens}, up to ${longest}`]
      : []),
  ];
  return `${(ways.length === 0 ? [LAST_WAY] : ways).join('; ')}.`;
}

const LAST_WAY = 'Start a new chat with a longer context (--context) and a shorter message';

/** Returns how a dialogue whose last message fits on its own gets shorter. */
const fewerTurns = (turns: number): string[] => [
  '/set on-context-full drop-oldest forgets the oldest turns (from the start: --on-context-full drop-oldest)',
  ...(turns === 0 ? [] : ['/undo takes back the last turn']),
  '/clear forgets all turns',
];

/**
 * Returns how any message gets room.
 * @param free tokens of the context that a message and its answer share
 * @param isLong whether the message that was refused would leave no room for an answer of any length
 */
const roomForMessage = (system: string | null, free: number, isLong: boolean): string[] => [
  ...(system === null ? [] : ['/system TEXT sets a shorter system prompt']),
  ...(isLong && free > 1
    ? [
        `/set max-tokens ${Math.floor(free / 2)} leaves ${Math.ceil(free / 2)} tokens for a message: shorten it to that too`,
      ]
    : []),
];

/** The parts of a chat that decide what can be done about a full context. */
type WaysOutOf = Pick<Chat, 'model' | 'session' | 'system' | 'turns'>;

/** Returns the speed of each side's last answer, and what the chat took so far. */
export function statsLines(sides: readonly { readonly side: Side; readonly chat: Chat }[]): string[] {
  return sides.flatMap(({ side, chat: { turns } }) => {
    const last = turns.at(-1);
    const of = side === null ? '' : `policy ${side}: `;
    if (last === undefined) return [`${of}there is no answer yet`];
    const sum = (count: (turn: Turn) => number): number => turns.reduce((all, turn) => all + count(turn), 0);
    const ms = sum(({ timing }) => timing.prefillMs + timing.decodeMs);
    return [
      `${of}last answer: ${readText(last)}; ${writtenText(last)}`,
      `${of}this chat: ${turns.length === 1 ? '1 answer' : `${turns.length} answers`}, ${sum(({ timing }) => timing.promptTokens - timing.reusedTokens)} tokens read and ${sum(({ ids }) => ids.length)} written in ${timeText(ms)}`,
    ];
  });
}

function readText({ timing: { promptTokens, reusedTokens, prefillMs } }: Turn): string {
  const read = promptTokens - reusedTokens;
  const cached = reusedTokens === 0 ? '' : ` (${reusedTokens} more were in the cache)`;
  return `read ${read} tokens${cached} in ${timeText(prefillMs)}, ${rate(read, prefillMs)}`;
}

function writtenText({ ids, timing: { decodedTokens, decodeMs } }: Turn): string {
  const speed = decodedTokens === 0 ? '' : `, ${rate(decodedTokens, decodeMs)}`;
  return `wrote ${ids.length} in ${timeText(decodeMs)}${speed}`;
}

const rate = (tokens: number, ms: number): string =>
  `${((1000 * tokens) / Math.max(ms, 1e-3)).toFixed(1)} tokens/s`;

const timeText = (ms: number): string =>
  ms < 1000 ? `${Math.round(ms)} ms` : ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : durationText(ms);
