import { namedBy, resolveTarget } from '../attention/index.js';
import type { Span } from '../text/index.js';
import type { Arm } from './arm.js';

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

/** @param prefixEnd the end of the system message in tokens */
export function armInDialogue(arm: Arm, system: string, prefixEnd: number): ArmInDialogue {
  const { policy: _, strength: __, schedule: ___, ...rest } = arm.settings;
  const from = arm.settings.target === undefined ? 0 : firstToken(arm.settings.target, prefixEnd);
  return {
    settingsAt: (tokens) => (tokens >= from ? arm.settings : { ...rest, policy: 'off' }),
    messageIn: (turn, words) =>
      arm.repeatEvery !== null && turn % arm.repeatEvery === 0 ? `${system}\n\n${words}` : words,
  };
}

/** How long a dialogue has to be for a target. */
function firstToken(target: NonNullable<Arm['settings']['target']>, prefixEnd: number): number {
  const named = namedBy(target);
  return named.kind === 'random' ? randomSpan(named.seed, prefixEnd).end : 0;
}

/** Where the target `random:seed` lies. */
export function randomSpan(
  seed: number,
  prefixEnd: number,
): { readonly start: number; readonly end: number } {
  // Three prefixes are room for every seed.
  const room: Span = { role: 'template', turn: 0, start: 0, end: 3 * prefixEnd };
  const message = { start: 0, end: prefixEnd };
  const [range] = resolveTarget(
    { kind: 'random', seed },
    { spans: [room], system: { message, content: message } },
  );
  return range!;
}
