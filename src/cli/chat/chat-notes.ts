import type { Chat, ContextUse, Turn } from '../../dialogue/index.js';
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

/** Returns what can be done about a full context, best first. */
export function waysOut({ model, session, onContextFull, turns }: Chat): string {
  const ways = [
    ...(onContextFull === 'drop-oldest'
      ? []
      : [
          '/set on-context-full drop-oldest forgets the oldest turns (from the start: --on-context-full drop-oldest)',
        ]),
    ...(turns.length === 0 ? [] : ['/undo takes back the last turn', '/clear forgets them all']),
    '/set max-tokens N shortens the answer',
    ...(session.contextLength < model.executor.blueprint.contextLength
      ? [`a new chat can have a longer context: --context, up to ${model.executor.blueprint.contextLength}`]
      : []),
  ];
  return `${ways.join('; ')}.`;
}

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
