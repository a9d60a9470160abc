import type { Model } from '../engine/index.js';
import { HoldfastError } from '../errors.js';
import { currentMoment, parseMoment } from '../text/index.js';
import { Caches } from './caches.js';
import { Chat, type FixedOptions } from './chat.js';
import type { ChatOptions } from './chat-options.js';
import { readHistory } from './history.js';
import { assertTarget, changeSettings, defaultSettings } from './settings.js';

/**
 * Opens a dialogue with a model.
 * @throws HoldfastError `E_TEMPLATE` when the model has no chat template, `E_TARGET` when a policy has no target to act
 * on, `E_DIALOGUE` for an invalid history, `E_USAGE` for a `now` that is not a date, and what {@link changeSettings}
 * throws
 */
export function openChat(model: Model, options: ChatOptions = {}): Chat {
  if (model.format === null) {
    throw new HoldfastError('E_TEMPLATE', `${model.name} has no chat template`, {
      hint: 'It may be a base model: use an instruction-tuned one, or put a chat_template.jinja in its folder',
    });
  }
  const { system = null, contextLength, onContextFull = 'error', now, session = null } = options;
  const fixed: FixedOptions = {
    history: readHistory(options.history ?? []),
    trustContent: options.trustContent ?? false,
    now: now === undefined ? currentMoment() : parseMoment(now),
    prefixFirst: (options.prefixFirst ?? false) || session !== null,
  };
  const caches = Caches.open(model.executor, contextLength, session);
  try {
    const settings = changeSettings(defaultSettings(caches.dialogue.contextLength), options, model);
    assertTarget(settings, system);
    return new Chat(model, model.format, caches, fixed, {
      system,
      settings,
      onContextFull,
      turns: [],
      oldest: 0,
    });
  } catch (error) {
    caches.dispose();
    throw error;
  }
}
