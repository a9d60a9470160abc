import type { SightedGrid } from '../../attention/index.js';
import type { Turn } from '../../dialogue/index.js';
import type { RoleShares } from '../shares/index.js';
import type { Side } from './sides.js';

/** The shares of one side's last answer, by role and layer. */
export interface SideShares {
  readonly side: Side;
  readonly turn: Turn;
  readonly roles: readonly RoleShares[];
  readonly grid: SightedGrid;
}

/** The output of a chat: text for people, or JSON for programs. */
export interface ChatView {
  /** The width that a line may have; null if lines are not broken. */
  readonly columns: number | null;
  /** Shows a message that comes from a file. */
  question(text: string): void;
  /** Shows what a function says until something else is shown: how far the model has read. */
  waiting(describe: () => string | null): void;
  /** Shows the next piece of an answer. */
  text(side: Side, text: string): void;
  /**
   * Called at the end of a turn, when all sides have answered.
   * @param sides all turns of each side so far
   */
  answered(sides: readonly { readonly side: Side; readonly turns: readonly Turn[] }[]): void;
  /** Called when an answer was stopped before its first token. */
  stopped(): void;
  shares(sides: readonly SideShares[]): void;
  /** Shows what a command answers. */
  reply(text: string): void;
  /** Shows what the user should know but need not act on, unless the command is to be quiet. */
  note(text: string): void;
  error(error: unknown): void;
}
