import { namedBy } from '../../attention/index.js';
import { randomRange } from '../../measure/index.js';
import type { TokenRange } from '../../text/index.js';
import type { Arm } from '../plan/index.js';

/** What an arm does in a dialogue, turn by turn. */
export interface ArmInDialogue {
  /**
   * Settings of the next turn. A random span does not exist until the dialogue is long enough: before the first turn
   * that begins behind it, the policy is off.
   * @param tokens that the dialogue holds
   */
  settingsAt(tokens: number): Arm['settings'];
  /** The user's message of a turn (from 1, given exchanges count), the system prompt in front of it where it is repeated. */
  messageIn(turn: number, words: string): string;
}

/** @param prefix the tokens up to the end of the system message */
export function armInDialogue(arm: Arm, system: string, prefix: TokenRange): ArmInDialogue {
  const { policy: _, strength: __, schedule: ___, ...rest } = arm.settings;
  const from = arm.settings.target === undefined ? 0 : firstToken(arm.settings.target, prefix);
  return {
    settingsAt: (tokens) => (tokens >= from ? arm.settings : { ...rest, policy: 'off' }),
    messageIn: (turn, words) =>
      arm.repeatEvery !== null && turn % arm.repeatEvery === 0 ? `${system}\n\n${words}` : words,
  };
}

/** How long a dialogue has to be for a target. */
function firstToken(target: NonNullable<Arm['settings']['target']>, prefix: TokenRange): number {
  const named = namedBy(target);
  return named.kind === 'random' ? randomRange(named.seed, prefix).end : 0;
}
