import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import {
  identityNotice,
  parsePolicy,
  policyText,
  type Schedule,
  scheduleBounds,
} from '../../attention/index.js';
import {
  type Chat,
  type ChatOptions,
  type PolicyChoice,
  policyChoice,
  RECOMMENDED_HOLD,
  type Settings,
  type SettingsChanges,
  type SettingsOptions,
  saveDialogue,
  type Turn,
} from '../../dialogue/index.js';
import type { Model } from '../../engine/index.js';
import { HoldfastError } from '../../errors.js';
import { checkWritable, writeWhole } from '../../files/index.js';
import { readPackage } from '../../package.js';
import { type LoadedChat, loadChat } from './load.js';
import { changeSetting } from './settings.js';
import { openSides, type Sides } from './sides.js';

/** The dialogue of the command, with its settings. */
export class Conversation {
  #sides: Sides;
  /** The policy that `/on` switches on. */
  #configured: PolicyChoice;
  /** Files that have this dialogue as it was earlier. They may be written again. */
  readonly #own = new Set<string>();

  /** @param compare whether to answer every turn with the policy off and on */
  private constructor(
    readonly model: Model,
    readonly compare: boolean,
    sides: Sides,
  ) {
    this.#sides = sides;
    this.#configured = configuredIn(this.chat.settings) ?? RECOMMENDED_HOLD;
  }

  /**
   * Opens a new dialogue.
   * @throws HoldfastError what opening a chat throws
   */
  static open(model: Model, options: ChatOptions, compare: boolean): Conversation {
    return new Conversation(model, compare, openSides(model, options, compare));
  }

  /**
   * Opens the dialogue in a file.
   * @throws HoldfastError as {@link loadChat}
   */
  static async load(
    model: Model,
    options: ChatOptions,
    compare: boolean,
    path: string,
  ): Promise<{ readonly conversation: Conversation; readonly loaded: LoadedChat }> {
    const loaded = await loadChat(path, { model, compare, options, overrides: options, now: options.now });
    const conversation = new Conversation(model, compare, loaded.sides);
    if (loaded.continues) conversation.#own.add(resolve(path));
    return { conversation, loaded };
  }

  get sides(): Sides {
    return this.#sides;
  }

  /** The chat in which the policy acts. */
  get chat(): Chat {
    return this.#sides.chats.at(-1)!.chat;
  }

  /** The state of the policy, as text. */
  get state(): string {
    const { settings } = this.chat;
    if (settings.policy === 'off') return `off (/on: ${policyText(this.#configured)})`;
    return [policyText(settings), this.notice].filter((part) => part !== null).join(': ');
  }

  /** A notice such as `k = 1 changes nothing`, if the policy is set to its identity; else null. */
  get notice(): string | null {
    const { policy, schedule } = this.chat.settings;
    return identityNotice(policy, scheduleBounds(schedule));
  }

  switchOff(): void {
    this.#assertNotCompared('off');
    this.chat.configure({ policy: 'off' });
  }

  /**
   * Switches the configured policy on.
   * @throws HoldfastError `E_TARGET` when there is no system prompt to act on
   */
  switchOn(): void {
    this.chat.configure(this.#configured);
  }

  /**
   * Sets a constant strength for the configured policy. A policy that is off stays off.
   * @throws HoldfastError `E_STRENGTH`
   */
  setStrength(strength: number): void {
    const { policy } = this.#configured;
    if (this.chat.settings.policy !== 'off') {
      this.#configure({ strength });
      return;
    }
    this.#configured = policyChoice(policy, constant(strength));
  }

  /**
   * Sets the policy. Without a strength, the configured policy keeps its schedule.
   * @throws HoldfastError `E_POLICY`, `E_STRENGTH`, `E_TARGET`
   */
  setPolicy(name: string, strength: number | undefined): void {
    const policy = parsePolicy(name);
    if (policy === 'off') this.#assertNotCompared('off');
    const remembered = strength === undefined && policy === this.#configured.policy;
    this.#configure(remembered ? this.#configured : policyChoice(policy, constant(strength)));
  }

  /** Replaces the system prompt for the whole dialogue. */
  setSystem(system: string): void {
    for (const { chat } of this.#sides.chats) chat.system = system;
  }

  /**
   * Changes a setting, on both sides of a comparison.
   * @throws HoldfastError as {@link changeSetting}
   */
  set(name: string, value: string): void {
    changeSetting(
      this.#sides.chats.map(({ chat }) => chat),
      name,
      value,
    );
  }

  /**
   * Takes back the last turn, and returns it.
   * @throws HoldfastError `E_DIALOGUE` when there is none
   */
  undo(): Turn {
    const { history, turns } = this.chat;
    if (turns.length === 0 && history.length > 0) {
      throw new HoldfastError('E_DIALOGUE', 'no answer of this chat is left to take back', {
        hint: 'The turns before it come from a file; /clear forgets them too.',
      });
    }
    return this.#sides.chats.map(({ chat }) => chat.undo()).at(-1)!;
  }

  /** Forgets all turns. The system prompt and the settings stay. */
  clear(): void {
    const { model, compare } = this;
    // Opened before the old dialogue is given up, like a loaded one: opening can fail for want of memory.
    const sides = openSides(model, this.#options(), compare);
    this.#sides.dispose();
    this.#sides = sides;
    this.#own.clear();
  }

  /**
   * Writes the dialogue to a file; a comparison writes two files, one per side.
   * @param force whether to replace a file that has another dialogue
   * @returns the paths of the files
   * @throws HoldfastError `E_UNWRITABLE`, also for a file that exists
   */
  async save(path: string, force: boolean): Promise<string[]> {
    const files = this.#sides.chats.map(({ side, chat }) => ({
      chat,
      file: side === null ? path : path.replace(/(\.[^./\\]*)?$/, `.${side}$1`),
    }));
    for (const { file } of files) {
      await checkWritable(file);
      if (force || this.#own.has(resolve(file)) || !existsSync(file)) continue;
      throw new HoldfastError('E_UNWRITABLE', 'the file exists', {
        file,
        hint: `Choose another name, or replace it: /save --force ${path}`,
      });
    }
    for (const { chat, file } of files) {
      const saved = await saveDialogue(chat, readPackage().version);
      await writeWhole(file, [new TextEncoder().encode(`${JSON.stringify(saved, null, 2)}\n`)]);
      this.#own.add(resolve(file));
    }
    return files.map(({ file }) => file);
  }

  /**
   * Replaces this dialogue with the one in a file. If that fails, this dialogue stays.
   * @throws HoldfastError as {@link loadChat}
   */
  async load(path: string, signal: AbortSignal): Promise<LoadedChat> {
    const { model, compare } = this;
    const loaded = await loadChat(path, { model, compare, options: this.#options(), overrides: {}, signal });
    this.#sides.dispose();
    this.#sides = loaded.sides;
    this.#own.clear();
    if (loaded.continues) this.#own.add(resolve(path));
    this.#configured = configuredIn(this.chat.settings) ?? this.#configured;
    return loaded;
  }

  dispose(): void {
    this.#sides.dispose();
  }

  /** The options that open a new dialogue like this one. */
  #options(): ChatOptions {
    const { system, session, onContextFull, trustContent, now, settings } = this.chat;
    const { contextLength } = session;
    return { system, contextLength, onContextFull, trustContent, now, ...settingsAsOptions(settings) };
  }

  #configure(changes: SettingsChanges): void {
    this.chat.configure(changes);
    this.#configured = configuredIn(this.chat.settings) ?? this.#configured;
  }

  #assertNotCompared(policy: string): void {
    if (!this.compare) return;
    throw new HoldfastError(
      'E_USAGE',
      `a comparison always shows each turn with the policy ${policy} and on`,
      {
        hint: 'Change the policy of the side that is on: /policy, /strength',
      },
    );
  }
}

/** Returns the policy in these settings; null if it is off. */
function configuredIn({ policy, schedule }: Settings): PolicyChoice | null {
  return policy === 'off' ? null : policyChoice(policy, schedule);
}

const constant = (strength: number | undefined): Schedule | null =>
  strength === undefined ? null : { kind: 'constant', strength };

function settingsAsOptions(settings: Settings): SettingsOptions {
  const { policy, schedule, target, selection, cache, silence, guidance, reminder } = settings;
  const { sampling, maxTokens, stop } = settings;
  return {
    ...policyChoice(policy, schedule),
    ...selection,
    target,
    cache,
    silence,
    guidance,
    reminder,
    sampling,
    maxTokens,
    stop,
  };
}
