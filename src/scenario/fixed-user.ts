import type { User } from './scenario.js';

/** Returns a user who says the given messages in order, whatever the answers are. */
export function fixedUser(messages: readonly string[]): User {
  let said = 0;
  return {
    async say() {
      said++;
      return messages[said - 1]!; // a scenario has one message per round
    },
    dispose() {},
  };
}
