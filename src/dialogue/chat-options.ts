import type { Target } from '../attention/index.js';
import type { Session } from '../engine/index.js';
import type { Message } from '../text/index.js';
import type { SettingsOptions } from './settings-options.js';
import type { RowObservation, Turn } from './turn.js';

/** How a chat is opened; see `openChat`. */
export type ChatOptions = SettingsOptions & DialogueOptions;

interface DialogueOptions {
  /** Null, the default: none. */
  readonly system?: string | null;
  /**
   * What was said before, as it stands: user and assistant in turn, an answer last. It is laid out by the template and
   * counts as turns, for schedules too; nobody measured the shares of its answers.
   */
  readonly history?: readonly Message[];
  /** Tokens the dialogue can hold; see `SessionOptions`. */
  readonly contextLength?: number;
  /**
   * When a prompt and the longest answer allowed do not fit: fail (the default), or leave out the oldest turns, never
   * the system prompt, and say so in {@link Turn.dropped}.
   */
  readonly onContextFull?: 'error' | 'drop-oldest';
  /**
   * Computes the tokens that the dialogue begins with whatever is said in it, up to the end of a system message in front,
   * in a pass of their own, so that they are the same cache whatever follows.
   */
  readonly prefixFirst?: boolean;
  /**
   * Goes on from what this session holds of the system prompt, and leaves it to the caller to dispose of: dialogues under
   * one system prompt, led one after the other, compute it once. It means `prefixFirst`, so that a dialogue comes out the
   * same to the bit whether its prefix was there or not. Sound between dialogues that treat rows inside the prefix alike:
   * a policy on the target `prefix` never changes them; policies on others, `message` among them, do, and so do silenced
   * heads.
   */
  readonly session?: Session;
  /** Read control tokens written in messages as such; see `LayoutOptions`. */
  readonly trustContent?: boolean;
}

/** How one answer of a chat is made; see `Chat.answer`. */
export interface AnswerOptions {
  /** Ends the answer; what was said until then is kept as a turn, unless it was nothing. */
  readonly signal?: AbortSignal | undefined;
  /** Instead of the chat's own. */
  readonly seed?: number | undefined;
  /** Called for every row that chooses a token, before the token's step. What it throws ends the answer, which is not kept. */
  readonly observe?: ((row: RowObservation) => void) | undefined;
  /** Targets whose tokens are told with every row observed, wherever they stand in this turn. */
  readonly watch?: readonly Target[];
}
