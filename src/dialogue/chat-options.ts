import type { Target } from '../attention/index.js';
import type { Session } from '../engine/index.js';
import type { Message } from '../text/index.js';
import type { SettingsOptions } from './settings-options.js';
import type { RowObservation, Turn } from './turn.js';

/** How a chat is opened; see `openChat`. */
export type ChatOptions = SettingsOptions & DialogueOptions;

interface DialogueOptions {
  /** The system prompt; default: null, none. */
  readonly system?: string | null;
  /**
   * Earlier messages: user and assistant alternating, ending with an answer. They are laid out by the template and count
   * as turns, also for schedules. The shares of their answers are not measured.
   */
  readonly history?: readonly Message[];
  /** Context length in tokens; see `SessionOptions`. */
  readonly contextLength?: number;
  /**
   * What to do when a prompt and an answer of `maxTokens` do not fit the context: fail (default), or drop the oldest
   * turns, but never the system prompt, and list them in {@link Turn.dropped}.
   */
  readonly onContextFull?: 'error' | 'drop-oldest';
  /**
   * Computes the fixed beginning of the dialogue, up to the end of a leading system message, in a separate pass. Its cache
   * is then the same whatever follows.
   */
  readonly prefixFirst?: boolean;
  /**
   * A session to reuse, so that successive dialogues with the same system prompt compute it only once. The caller disposes
   * of it. Implies `prefixFirst`, so that a dialogue is the same bit for bit whether its prefix was cached or not. Share a
   * session only between dialogues that treat rows inside the prefix alike: a policy on the target `prefix` never changes
   * these rows; a policy on another target, such as `message`, does, and so do silenced heads.
   */
  readonly session?: Session;
  /** Whether to parse control tokens in messages; see `LayoutOptions`. */
  readonly trustContent?: boolean;
  /**
   * The date and time that the template writes if it writes one, in ISO 8601: `2026-01-31T09:00:00+02:00`, without the
   * time, or without the offset. Default: this machine's local time when the chat is opened.
   */
  readonly now?: string;
}

/** Options of one answer of a chat; see `Chat.answer`. */
export interface AnswerOptions {
  /** Stops the answer. The text so far is kept as a turn, unless it is empty. */
  readonly signal?: AbortSignal | undefined;
  /** Overrides the chat's seed. */
  readonly seed?: number | undefined;
  /**
   * Tokens that the answer begins with; see `GenerationOptions.begin`. So an answer can be continued from one of its tokens,
   * or from another token in its place.
   */
  readonly begin?: readonly number[] | undefined;
  /**
   * Returns the policy's strength for the next token, instead of the schedule's: it can be changed while the answer is
   * generated. Called once for each token, before the passes that choose it.
   * @param sampled tokens of the answer so far
   */
  readonly strength?: ((sampled: number) => number) | undefined;
  /**
   * Called before the answer is generated, if the policy cannot act in it, with the reason: see {@link Turn.notice}. The
   * answer comes all the same.
   */
  readonly notify?: ((notice: string) => void) | undefined;
  /** Called for every row that chooses a token, before the token's step. If it throws, the answer ends and is not kept. */
  readonly observe?: ((row: RowObservation) => void) | undefined;
  /** Targets whose spans are reported to `observe` with every row, wherever they are in this turn. */
  readonly watch?: readonly Target[];
}
