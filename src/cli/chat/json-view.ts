import { targetName } from '../../attention/index.js';
import { type AnswerShares, type PartShares, type Turn, tokensPerSecond } from '../../dialogue/index.js';
import { HoldfastError } from '../../errors.js';
import { layerMeans } from '../shares/index.js';
import { type LiveLine, type Output, oneLine, showLive, verbosity } from '../terminal/index.js';
import type { Side } from './sides.js';
import type { ChatView } from './view.js';

/** Returns the view for programs: writes one JSON object per line to stdout, and notes to stderr. */
export function createJsonView({
  stdout,
  stderr,
}: {
  readonly stdout: Output;
  readonly stderr: Output;
}): ChatView {
  let live: LiveLine | null = null;
  const write = (object: Readonly<Record<string, unknown>>): void => {
    live?.end();
    stdout.lines([JSON.stringify(object)]);
  };
  const reply = (text: string): void => stderr.text(`${text}\n`);
  return {
    columns: null,
    question() {},
    waiting(describe) {
      live?.end();
      live = showLive(stderr, describe);
    },
    text() {},
    answered(sides) {
      for (const { side, turns } of sides) write(turnObject(side, turns.at(-1)!));
    },
    stopped() {
      write({ type: 'error', code: 'E_ABORTED', message: 'stopped: no answer was kept' });
    },
    shares(sides) {
      for (const { side, turn, roles } of sides) {
        const layers = roles[0]?.layers.length ?? 0;
        const parts = ofParts(turn, ({ heads: { before, after } }) => ({
          before: layerMeans(before, layers),
          after: layerMeans(after, layers),
        }));
        write({ type: 'shares', turn: turn.number, ...sideOf(side), roles, parts });
      }
    },
    reply,
    note(text) {
      if (!verbosity().quiet) reply(text);
    },
    error(error) {
      const code = error instanceof HoldfastError ? error.code : null;
      write({
        type: 'error',
        code,
        message: error instanceof Error ? oneLine(error.message) : String(error),
      });
    },
  };
}

function turnObject(side: Side, turn: Turn): Readonly<Record<string, unknown>> {
  return {
    type: 'turn',
    turn: turn.number,
    ...sideOf(side),
    user: turn.user,
    assistant: turn.assistant,
    policy: turn.settings.policy,
    notice: turn.notice,
    seed: turn.settings.sampling.seed,
    target: targetName(turn.settings.target),
    shares: turn.shares?.mean ?? null,
    parts: ofParts(turn, ({ mean }) => mean),
    strength: turn.strength,
    finish: turn.finish,
    cache: turn.settings.cache,
    reminder: turn.settings.reminder,
    cleaned: turn.cleaned,
    dropped: turn.dropped,
    tokens: turn.ids.length,
    tokensPerSecond: tokensPerSecond(turn),
    receipt: turn.receipt,
  };
}

/** Calls `tell` for the prompt, its words, the sink and the prefix; null for those that the dialogue does not have. */
function ofParts<Told>(
  { parts: { prompt, words, sink, prefix } }: Turn,
  tell: (shares: AnswerShares) => Told,
): Readonly<Record<keyof PartShares, Told | null>> {
  const told = (shares: AnswerShares | null): Told | null => shares && tell(shares);
  return { prompt: told(prompt), words: told(words), sink: told(sink), prefix: told(prefix) };
}

const sideOf = (side: Side): { readonly side?: 'off' | 'on' } => (side === null ? {} : { side });
