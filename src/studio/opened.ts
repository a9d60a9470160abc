import { headMask } from '../attention/index.js';
import {
  applyHold,
  type HoldSettings,
  holdSettingsOf,
  loadDialogue,
  readHold,
  type SavedDialogue,
  type SavedSettings,
  type Settings,
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

async function openDialogue(json: unknown, model: Model): Promise<OpenedDialogue> {
  const { messages, saved } = loadDialogue(json);
  const system = messages[0]?.role === 'system' ? messages[0].content : null;
  const spoken = messages.slice(system === null ? 0 : 1);
  /** The saved dialogue if its tokens are those of this model, and of its texts. */
  const own = saved !== null && spells(saved, model) ? saved : null;
  const turns: PastTurn[] = pairsOf(spoken).map(([user, assistant], index) => {
    const text = { user: user.content, assistant: assistant.content };
    const turn = own?.turns[index - own.given];
    if (turn === undefined) return { ...GIVEN, ...text, system };
    const { ids, begun, strengths, finish } = turn;
    return {
      ...{ ...text, system: turn.system, ids, begun, strengths, finish },
      steer: steerOf(turn, model),
      draw: drawOf(turn),
    };
  });
  const next = own?.next ?? null;
  return {
    kind: 'dialogue',
    system,
    turns,
    next: next && { steer: steerOf(next, model), draw: drawOf(next) },
    notes: saved !== null && own === null ? [await asText(saved, model)] : [],
  };
}

/** Says that answers are taken over without what belongs to their tokens, and why. */
async function asText(saved: SavedDialogue, model: Model): Promise<string> {
  const why =
    saved.model.hash === (await model.hash())
      ? 'the answers of this file have other words than their tokens'
      : `${saved.model.name} gave the answers, and ${model.name} has another vocabulary`;
  return `${why}: they are taken over as text, without measures and settings`;
}

/** Returns whether a model's vocabulary spells the answers of a saved dialogue with the tokens that they have there. */
function spells({ messages, turns, given }: SavedDialogue, { tokenizer }: Model): boolean {
  const answers = messages.filter(({ role }) => role === 'assistant').slice(given);
  return turns.every(({ ids, finish }, index) => {
    try {
      const text = tokenizer!.decode(finish === 'stop' ? ids.slice(0, -1) : ids).trim();
      const content = answers[index]!.content.trim();
      return finish === 'stop-string' ? text.startsWith(content) : text === content;
    } catch {
      return false; // a token that the vocabulary does not have
    }
  });
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
  const [missing] = missingIn(settings);
  if (missing !== undefined) {
    throw new HoldfastError('E_DIALOGUE', `the studio has no setting for ${missing}`, {
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

/** Returns what settings ask for that the studio does not have. */
function missingIn({
  guidance = 1,
  silence = [],
  reminder = null,
  cache = 'held',
}: Partial<Pick<SavedSettings | Settings, 'guidance' | 'silence' | 'reminder' | 'cache'>>): string[] {
  const others = {
    guidance: guidance !== 1,
    'silenced heads': silence.length > 0,
    'a reminder': reminder !== null,
    'a clean cache': cache !== 'held',
  };
  return Object.entries(others).flatMap(([name, is]) => (is ? [name] : []));
}

/** Returns the hold of a server's settings; null, with a note, if the studio has not all of them, and null without a policy. */
export function holdOf(
  settings: Settings,
  model: Model,
): { readonly hold: Steer | null; readonly notes: readonly string[] } {
  const missing = missingIn(settings);
  if (missing.length > 0) {
    const what = missing.join(' and ');
    return { hold: null, notes: [`This server was started with ${what}, which this page does not have.`] };
  }
  if (settings.policy === 'off') return { hold: null, notes: [] };
  return { hold: steerOf(holdSettingsOf({ ...settings, ...settings.selection }), model), notes: [] };
}

const drawOf = ({ sampling: { temperature, topP, seed }, maxTokens }: SavedSettings): Draw => ({
  ...{ temperature, topP, seed, maxTokens },
});
