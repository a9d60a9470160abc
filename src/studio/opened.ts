import { headMask } from '../attention/index.js';
import {
  applyHold,
  type HoldSettings,
  loadDialogue,
  readHold,
  type SavedSettings,
} from '../dialogue/index.js';
import { headGrid, type Model } from '../engine/index.js';
import { HoldfastError } from '../errors.js';
import type { Message } from '../text/index.js';
import type { Draw, OpenedDialogue, OpenedHold, PastTurn, Steer } from './protocol.js';

/** The settings of answers that were given as text: nothing was drawn. */
export const GIVEN: Pick<PastTurn, 'ids' | 'begun' | 'strengths' | 'finish' | 'steer' | 'draw'> = {
  ids: null,
  begun: 0,
  strengths: null,
  finish: 'stop',
  steer: { policy: 'off', schedule: null, target: 'message', pairs: null },
  draw: { temperature: 0, topP: 0.95, seed: 0, maxTokens: 64 },
};

/**
 * Reads parsed JSON: a saved dialogue, plain messages, or a hold.
 * @param system the page's system prompt, for the notes on a hold
 * @throws HoldfastError `E_DIALOGUE` or `E_HOLD` naming the invalid field, or a setting that the studio does not have
 */
export async function openJson(
  json: unknown,
  model: Model,
  system: string | null,
): Promise<OpenedDialogue | OpenedHold> {
  const isHold =
    typeof json === 'object' && json !== null && 'format' in json && json.format === 'holdfast-hold';
  if (!isHold) return openDialogue(json, model);
  const hold = readHold(json);
  const { notes } = await applyHold(hold, model, system);
  return { kind: 'hold', steer: steerOf({ ...hold.settings }, model), notes };
}

function openDialogue(json: unknown, model: Model): OpenedDialogue {
  const { messages, saved } = loadDialogue(json);
  const system = messages[0]?.role === 'system' ? messages[0].content : null;
  const spoken = messages.slice(system === null ? 0 : 1);
  const given = saved === null ? spoken.length : 2 * saved.given;
  const turns: PastTurn[] = pairsOf(spoken).map(([user, assistant], index) => {
    const text = { user: user.content, assistant: assistant.content };
    const turn = saved?.turns[index - given / 2];
    if (turn === undefined) return { ...GIVEN, ...text, system };
    const { ids, begun, strengths, finish } = turn;
    return {
      ...{ ...text, system: turn.system, ids, begun, strengths, finish },
      steer: steerOf(turn, model),
      draw: drawOf(turn),
    };
  });
  const next = saved?.next ?? null;
  return {
    kind: 'dialogue',
    system,
    turns,
    next: next && { steer: steerOf(next, model), draw: drawOf(next) },
  };
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

/**
 * Returns how saved settings steer a model, with the heads one by one.
 * @throws HoldfastError `E_DIALOGUE` for a setting that the studio does not have, and would lose; `E_STRENGTH` for heads that
 * the model does not have
 */
export function steerOf(settings: HoldSettings & Partial<SavedSettings>, { executor }: Model): Steer {
  const { policy, schedule, target, pairs, layers, heads } = settings;
  const { guidance = 1, silence = [], reminder = null, cache = 'held' } = settings;
  const others = {
    guidance: guidance !== 1,
    'silenced heads': silence.length > 0,
    'a reminder': reminder !== null,
    'a clean cache': cache !== 'held',
  };
  const other = Object.entries(others).find(([, is]) => is);
  if (other !== undefined) {
    throw new HoldfastError('E_DIALOGUE', `the studio has no setting for ${other[0]}`, {
      hint: 'Use it with holdfast chat',
    });
  }
  if ((pairs ?? layers ?? heads) === null) return { policy, schedule, target, pairs: null };
  const grid = headGrid(executor.blueprint);
  const mask = headMask(
    pairs === null ? { layers: layers ?? undefined, heads: heads ?? undefined } : { pairs },
    grid,
  );
  const chosen = [...mask.keys()].filter((pair) => mask[pair] === 1);
  return {
    ...{ policy, schedule, target },
    pairs: chosen.map((pair) => [Math.floor(pair / grid.heads), pair % grid.heads] as const),
  };
}

const drawOf = ({ sampling: { temperature, topP, seed }, maxTokens }: SavedSettings): Draw => ({
  ...{ temperature, topP, seed, maxTokens },
});
