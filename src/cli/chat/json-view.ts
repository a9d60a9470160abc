import type { Writable } from 'node:stream';
import { type Turn, tokensPerSecond } from '../../dialogue/index.js';
import { HoldfastError } from '../../errors.js';
import { oneLine } from '../terminal/index.js';
import type { Side } from './sides.js';
import type { ChatView } from './view.js';

/** For programs: one JSON object a line on stdout and nothing else there; notes go to stderr. */
export function createJsonView({ stdout, stderr }: { stdout: Writable; stderr: Writable }): ChatView {
  const write = (object: Readonly<Record<string, unknown>>): void => {
    stdout.write(`${JSON.stringify(object)}\n`);
  };
  return {
    question() {},
    text() {},
    answered(sides) {
      for (const { side, turns } of sides) write(turnObject(side, turns.at(-1)!));
    },
    stopped() {
      write({ type: 'error', code: 'E_ABORTED', message: 'stopped: nothing was kept' });
    },
    shares(sides) {
      for (const { side, turn, roles } of sides) {
        write({ type: 'shares', turn: turn.number, ...sideOf(side), roles });
      }
    },
    note(text) {
      stderr.write(`${text}\n`);
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
    seed: turn.settings.sampling.seed,
    shares: turn.shares?.mean ?? null,
    strength: turn.strength,
    finish: turn.finish,
    dropped: turn.dropped,
    tokens: turn.ids.length,
    tokensPerSecond: tokensPerSecond(turn),
    receipt: turn.receipt,
  };
}

const sideOf = (side: Side): { readonly side?: 'off' | 'on' } => (side === null ? {} : { side });
