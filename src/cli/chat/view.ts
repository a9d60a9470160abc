import type { Turn } from '../../dialogue/index.js';
import type { RoleShares } from '../terminal/index.js';
import type { Side } from './sides.js';

/** The shares of one side's last answer, by role and layer. */
export interface SideShares {
  readonly side: Side;
  readonly turn: Turn;
  readonly roles: readonly RoleShares[];
}

/** Where a chat shows what happens: text for people, or JSON for programs. */
export interface ChatView {
  /** A message that is answered without having been typed here. */
  question(text: string): void;
  /** Pieces of an answer, as they become certain. */
  text(side: Side, text: string): void;
  /**
   * An answer has ended, or both.
   * @param sides all turns of each side so far
   */
  answered(sides: readonly { readonly side: Side; readonly turns: readonly Turn[] }[]): void;
  /** An answer was stopped before there was anything to keep. */
  stopped(): void;
  shares(sides: readonly SideShares[]): void;
  note(text: string): void;
  error(error: unknown): void;
}
