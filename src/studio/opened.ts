import { loadDialogue, type SavedSettings } from '../dialogue/index.js';
import { HoldfastError } from '../errors.js';
import type { Message } from '../text/index.js';
import type { Draw, OpenedDialogue, PastTurn, Steer } from './protocol.js';

const DRAW: Draw = { temperature: 0, topP: 0.95, seed: 0, maxTokens: 64 };
const OFF: Steer = { policy: 'off', schedule: null, target: 'message', pairs: null };

/**
 * Reads a dialogue from parsed JSON: a saved dialogue, or plain messages.
 * @throws HoldfastError `E_DIALOGUE` naming the invalid field, or a setting that the studio does not have
 */
export function openDialogue(json: unknown): OpenedDialogue {
  const { messages, saved } = loadDialogue(json);
  const system = messages[0]?.role === 'system' ? messages[0].content : null;
  const spoken = messages.slice(system === null ? 0 : 1);
  const given = saved === null ? spoken.length : 2 * saved.given;
  const turns: PastTurn[] = pairsOf(spoken).map(([user, assistant], index) => {
    const turn = saved?.turns[index - given / 2];
    const text = { user: user.content, assistant: assistant.content };
    if (turn === undefined) {
      return {
        ...text,
        system,
        ids: null,
        begun: 0,
        strengths: null,
        finish: 'stop',
        steer: OFF,
        draw: DRAW,
      };
    }
    const { ids, begun, strengths, finish } = turn;
    return {
      ...text,
      system: turn.system,
      ids,
      begun,
      strengths,
      finish,
      steer: steerOf(turn),
      draw: drawOf(turn),
    };
  });
  const next = saved?.next ?? null;
  return { system, turns, next: next && { steer: steerOf(next), draw: drawOf(next) } };
}

/** @throws HoldfastError `E_DIALOGUE` unless user and assistant alternate; a last message without an answer is left out */
function pairsOf(spoken: readonly Message[]): [Message, Message][] {
  const pairs = Array.from({ length: Math.floor(spoken.length / 2) }, (_, index): [Message, Message] => [
    spoken[2 * index]!,
    spoken[2 * index + 1]!,
  ]);
  if (pairs.some(([user, assistant]) => user.role !== 'user' || assistant.role !== 'assistant')) {
    throw new HoldfastError('E_DIALOGUE', 'the messages of user and assistant do not alternate', {
      hint: 'Begin with a user message after the system message, and answer each once',
    });
  }
  return pairs;
}

function steerOf(settings: SavedSettings): Steer {
  const { policy, schedule, target, pairs, layers, heads, guidance, silence, reminder, cache } = settings;
  const other = Object.entries({
    layers,
    heads,
    reminder,
    guidance: guidance === 1 ? null : guidance,
    silence: silence.length === 0 ? null : silence,
    cache: cache === 'held' ? null : cache,
  }).filter(([, value]) => value !== null);
  if (other.length > 0) {
    throw new HoldfastError('E_DIALOGUE', `the studio cannot continue a dialogue with ${other[0]![0]}`, {
      hint: 'Open it with holdfast chat --load',
    });
  }
  return { policy, schedule, target, pairs };
}

const drawOf = ({ sampling: { temperature, topP, seed }, maxTokens }: SavedSettings): Draw => ({
  ...{ temperature, topP, seed, maxTokens },
});
